package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MinSecret is the least length of a signing secret in bytes: HS256 wants a key as long as its hash (RFC 7518, 3.2).
const MinSecret = 32

// maxKeyID is the greatest length of a key id in bytes.
const maxKeyID = 64

var (
	keyID    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	turnURL  = regexp.MustCompile(`^turns?:([^\s:/?@]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(\?transport=(udp|tcp))?$`)
	stunURL  = regexp.MustCompile(`^stuns?:([^\s:/?@]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$`)
	logNames = []string{"debug", "info", "warn", "error"}
	codecs   = []string{"vp8", "vp9", "h264", "av1"}
	paths    = []string{"fast", "portable"}
)

// check tells what is wrong with the value of one setting, apart from all others.
func check(v value) error {
	if err := checkData(v.setting.key, v.data); err != nil {
		return invalid("%s: %v", v.where, err)
	}
	return nil
}

func checkData(key string, data any) error {
	switch key {
	case "httpAddr":
		return checkAddr(data.(string))
	case "adminAddr":
		return checkAdminAddr(data.(string))
	case "udpPort":
		return checkRange("a port", data.(int), 1, 65535)
	case "tcpPort":
		return checkRange("a port (0 turns TCP off)", data.(int), 0, 65535)
	case "mediaPath":
		return checkOneOf(data.(string), paths)
	case "nodeIp":
		return each(data.([]string), checkNodeIP)
	case "allowedOrigin":
		return each(data.([]string), checkOrigin)
	case "logLevel":
		return checkOneOf(data.(string), logNames)
	case "auth.keys":
		return checkKeys(data.(map[string]string))
	case "turn.servers":
		return checkServers(data.([]ICEServer))
	case "turn.urls":
		return each(data.([]string), checkTURN)
	case "room.codec":
		return checkOneOf(data.(string), codecs)
	case "room.maxParticipants":
		return checkRange("the size of a room", data.(int), 1, 10000)
	case "room.audioSlots":
		return checkRange("the number of voices", data.(int), 1, 50)
	case "downlink.minKbps", "downlink.startKbps", "downlink.maxKbps":
		return checkRange("a bitrate in kbit/s", data.(int), 1, 1_000_000)
	}
	return nil // any text or truth value will do: tlsCert, tlsKey, turn.secret, dev
}

// checkTogether tells what is wrong with settings that need each other.
func checkTogether(c Config) error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return invalid("a certificate is set but no key, add --tls-key with the PEM file of its private key")
	case c.TLSCert == "" && c.TLSKey != "":
		return invalid("a TLS key is set but no certificate, add --tls-cert with the PEM file of the certificate")
	case c.TURN.Secret != "" && len(c.TURN.URLs) == 0:
		return invalid("turn.secret is set but no turn.urls, add the URLs of the TURN servers that share the secret")
	case c.TURN.Secret == "" && len(c.TURN.URLs) > 0:
		return invalid("turn.urls is set but no turn.secret, add the secret (static-auth-secret of coturn)")
	case c.Downlink.MinKbps > c.Downlink.StartKbps || c.Downlink.StartKbps > c.Downlink.MaxKbps:
		return invalid("downlink.minKbps %d, startKbps %d and maxKbps %d do not rise, set them so that each is at least the one before",
			c.Downlink.MinKbps, c.Downlink.StartKbps, c.Downlink.MaxKbps)
	case c.AdminAddr == c.HTTPAddr && !strings.HasSuffix(c.AdminAddr, ":0"):
		return invalid("HTTP and admin both want %s, choose another --admin-addr, or %q for none", c.AdminAddr, adminOff)
	case c.TCPPort != 0 && strings.HasSuffix(c.AdminAddr, ":"+strconv.Itoa(c.TCPPort)):
		return invalid("admin and media both want TCP port %d, choose another --admin-addr, or %q for none", c.TCPPort, adminOff)
	case c.TCPPort != 0 && strings.HasSuffix(c.HTTPAddr, ":"+strconv.Itoa(c.TCPPort)):
		return invalid("HTTP and media both want TCP port %d, choose another --tcp-port, or 0 for no media over TCP", c.TCPPort)
	}
	return nil
}

func each(list []string, check func(string) error) error {
	for _, item := range list {
		if err := check(item); err != nil {
			return err
		}
	}
	return nil
}

func checkRange(what string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%d is out of range, %s is a number from %d to %d", n, what, least, most)
	}
	return nil
}

func checkOneOf(text string, allowed []string) error {
	if slices.Contains(allowed, text) {
		return nil
	}
	return fmt.Errorf("%q is not known, choose one of %s", text, strings.Join(allowed, ", "))
}

func checkAddr(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("%q is not host:port, write 127.0.0.1:8080 or [::1]:8080", text)
	}
	if strings.ContainsAny(host, " /@") {
		return fmt.Errorf("%q is not a host, write an address or a name without scheme and path", host)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("%q is not a port, write a number from 0 to 65535", port)
	}
	return checkRange("a port (0 takes any that is free)", n, 0, 65535)
}

// adminOff is another way to write an empty adminAddr: an empty variable of the environment counts as not set.
const adminOff = "off"

func checkAdminAddr(text string) error {
	if text == "" || text == adminOff {
		return nil
	}
	return checkAddr(text)
}

func checkNodeIP(text string) error {
	ip, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not an IP address, write one like 203.0.113.7 or 2001:db8::7 (no name, no port)", text)
	case ip.Is4In6():
		return fmt.Errorf("%q is an IPv4 address inside an IPv6 one, write %s", text, ip.Unmap())
	case ip.Zone() != "":
		return fmt.Errorf("%q has a zone, which clients cannot use, write a global address", text)
	case ip.IsUnspecified() || ip.IsMulticast():
		return fmt.Errorf("%q is no address that clients can reach, write the address of this machine", text)
	}
	return nil
}

func checkOrigin(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return fmt.Errorf("%q is not an origin, write one like https://app.example.com", text)
	case text != u.Scheme+"://"+strings.ToLower(u.Host):
		return fmt.Errorf("%q is more than an origin, write only %s://%s", text, u.Scheme, strings.ToLower(u.Host))
	}
	return nil
}

// checkKeys never shows a secret: the text of its errors goes to a terminal or a log.
func checkKeys(keys map[string]string) error {
	for kid, secret := range keys {
		if len(kid) > maxKeyID || !keyID.MatchString(kid) {
			return fmt.Errorf("the key id %q is not usable, write up to %d letters, digits, - or _", kid, maxKeyID)
		}
		if len(secret) < MinSecret {
			return fmt.Errorf("the secret of key %q has %d bytes but needs %d, make one with: openssl rand -base64 48",
				kid, len(secret), MinSecret)
		}
	}
	return nil
}

func checkServers(servers []ICEServer) error {
	for _, s := range servers {
		if len(s.URLs) == 0 {
			return errors.New("a server has no urls, add at least one")
		}
		for _, u := range s.URLs {
			if stunURL.MatchString(u) {
				continue
			}
			if err := checkTURN(u); err != nil {
				return err
			}
			if s.Username == "" || s.Credential == "" {
				return fmt.Errorf("%q needs username and credential (or use turn.urls with turn.secret)", u)
			}
		}
	}
	return nil
}

// checkTURN wants the form of RFC 7065, 3.1.
func checkTURN(text string) error {
	if !turnURL.MatchString(text) {
		return fmt.Errorf("%q is not a TURN URL, write turn:host:3478?transport=udp or turns:host:5349", text)
	}
	return nil
}
