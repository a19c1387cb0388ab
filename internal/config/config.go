package config

import "net/netip"

// Config holds all settings of a server. The zero value is not usable; see Default and Load.
type Config struct {
	// File is the path of the file that was read, empty when there was none. It is no setting.
	File string `koanf:"-"`

	// HTTPAddr is the host:port of HTTP and signaling. An empty host means every address.
	HTTPAddr string `koanf:"httpAddr"`
	// AdminAddr is the host:port of metrics and health checks, for the operator only. Empty: there is none.
	AdminAddr string `koanf:"adminAddr"`
	// UDPPort is the one UDP port of all media, 1 to 65535.
	UDPPort int `koanf:"udpPort"`
	// TCPPort is the one TCP port of media for clients without UDP (RFC 6544), 1 to 65535; 0 turns it off.
	TCPPort int `koanf:"tcpPort"`
	// MediaPath is who protects and sends media: fast (this server's own data plane) or portable (Pion's).
	MediaPath string `koanf:"mediaPath"`
	// NodeIP lists the addresses at which clients reach the media ports. Empty: every address of the machine.
	NodeIP []netip.Addr `koanf:"nodeIp"`
	// TLSCert and TLSKey are PEM files for HTTPS: both or none.
	TLSCert string `koanf:"tlsCert"`
	TLSKey  string `koanf:"tlsKey"`
	// AllowedOrigin lists the web origins, besides our own, whose pages may connect: "https://app.example.com".
	AllowedOrigin []string `koanf:"allowedOrigin"`
	// Dev lets everybody who reaches the server make a token for any room.
	Dev bool `koanf:"dev"`
	// LogLevel is the lowest level that is logged: debug, info, warn or error.
	LogLevel string `koanf:"logLevel"`

	Auth Auth `koanf:"auth"`
	TURN TURN `koanf:"turn"`
	Room Room `koanf:"room"`

	Downlink Downlink `koanf:"downlink"`
}

// Auth says whose tokens are accepted.
type Auth struct {
	// Keys maps key ids ("kid" of RFC 7515, 4.1.4) to the secrets of HS256, each at least 32 bytes long. Empty: the
	// server makes a random key when it starts, which no other program knows.
	Keys map[string]string `koanf:"keys"`
}

// TURN says which STUN and TURN servers the clients are told to use.
type TURN struct {
	// Servers are given to every client as they are.
	Servers []ICEServer `koanf:"servers"`
	// URLs and Secret describe TURN servers that share a secret with us: each client gets a credential of its own that
	// ends after five minutes. Both or none.
	URLs   []string `koanf:"urls"`
	Secret string   `koanf:"secret"`
}

// ICEServer is one STUN or TURN server in the shape of RTCPeerConnection's configuration.
type ICEServer struct {
	URLs       []string `koanf:"urls"       yaml:"urls"`
	Username   string   `koanf:"username"   yaml:"username"`
	Credential string   `koanf:"credential" yaml:"credential"`
}

// Room holds what is the same for all rooms.
type Room struct {
	// Codec is the primary video codec: vp8, vp9, h264 or av1.
	Codec string `koanf:"codec"`
	// MaxParticipants is the most that one room takes in, 1 to 10000.
	MaxParticipants int `koanf:"maxParticipants"`
	// AudioSlots is how many of the loudest participants are heard at the same time, 1 to 50.
	AudioSlots int `koanf:"audioSlots"`
}

// Downlink bounds what is sent to one participant, in kbit/s, counted over whole IP packets: 1 to 1,000,000, and rising.
type Downlink struct {
	// MinKbps is sent whatever the path to the participant carries.
	MinKbps int `koanf:"minKbps"`
	// StartKbps is what a path is taken to carry before anything was measured.
	StartKbps int `koanf:"startKbps"`
	// MaxKbps is never exceeded.
	MaxKbps int `koanf:"maxKbps"`
}

// Default returns the settings of a server that is started with nothing configured: usable from this machine only.
func Default() Config {
	return Config{
		HTTPAddr:  "127.0.0.1:8080",
		AdminAddr: "127.0.0.1:7780",
		UDPPort:   7700,
		TCPPort:   7700,
		MediaPath: "fast",
		LogLevel:  "info",
		Room:      Room{Codec: "vp8", MaxParticipants: 1000, AudioSlots: 8},
		Downlink:  Downlink{MinKbps: 50, StartKbps: 2000, MaxKbps: 100_000},
	}
}
