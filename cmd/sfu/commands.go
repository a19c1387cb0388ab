package main

import (
	"io"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/heliograph/heliograph/internal/config"
)

// commands is the command line.
type commands struct {
	Version kong.VersionFlag `help:"Print the version and exit."`

	Serve serveCmd `cmd:"" default:"withargs" help:"Run the server. This is what happens without a command."`
	Token tokenCmd `cmd:"" help:"Make tokens."`
	Bench benchCmd `cmd:"" help:"Measure the server on this machine."`
	Check checkCmd `cmd:"" help:"Read the configuration and say what it means, without opening anything."`

	Loadtest loadtestCmd `cmd:"" help:"Fill rooms of a server with participants and measure what they get."`
}

// newParser panics only when the tags of commands are wrong, which every test would show.
func newParser(c *commands, p process) *kong.Kong {
	return kong.Must(c,
		kong.Name("sfu"),
		kong.Description("Heliograph, a media server for video conferences. Without any argument it serves this machine: open "+
			"the link that it prints."),
		kong.Vars{"version": version()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Help(help),
		kong.Writers(p.stdout, p.stderr),
	)
}

// help prints, for the whole program, the flags of serve too: they are what most people look for.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil || ctx.Selected() != nil {
		return err
	}
	serve, err := kong.Trace(ctx.Kong, []string{"serve"})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(ctx.Stdout, "\n"); err != nil {
		return err
	}
	return kong.DefaultHelpPrinter(options, serve)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "heliograph (unknown version)"
	}
	return "heliograph " + info.Main.Version
}

// configFlag names the configuration file.
type configFlag struct {
	Config string `placeholder:"FILE" help:"YAML file with settings; deploy/heliograph.yml lists them all ($$HELIOGRAPH_CONFIG)."`
}

// settingFlags are the settings that can be flags. Pointers tell a flag that is not given from one with an empty value;
// config converts and checks all of them, so that each source gets the same sentences.
type settingFlags struct {
	configFlag
	HTTPAddr      *string  `name:"http-addr" placeholder:"HOST:PORT" help:"Where HTTP and signaling listen, 127.0.0.1:8080 by default ($$HELIOGRAPH_HTTP_ADDR)."`
	AdminAddr     *string  `name:"admin-addr" placeholder:"HOST:PORT" help:"Where metrics and health checks listen, 127.0.0.1:7780 by default, off turns it off ($$HELIOGRAPH_ADMIN_ADDR)."`
	UDPPort       *string  `name:"udp-port" placeholder:"PORT" help:"UDP port of all media, 7700 by default ($$HELIOGRAPH_UDP_PORT)."`
	TCPPort       *string  `name:"tcp-port" placeholder:"PORT" help:"TCP port of media where UDP is blocked, 7700 by default, 0 turns it off ($$HELIOGRAPH_TCP_PORT)."`
	MediaPath     *string  `name:"media-path" placeholder:"PATH" help:"Who protects and sends media: fast, or portable for the WebRTC library; fast by default ($$HELIOGRAPH_MEDIA_PATH)."`
	NodeIP        []string `name:"node-ip" placeholder:"IP" help:"Address at which clients reach the media ports, for 1:1 NAT and containers; may be repeated ($$HELIOGRAPH_NODE_IP)."`
	TLSCert       *string  `name:"tls-cert" placeholder:"FILE" help:"Certificate for HTTPS, PEM ($$HELIOGRAPH_TLS_CERT)."`
	TLSKey        *string  `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate, PEM ($$HELIOGRAPH_TLS_KEY)."`
	AllowedOrigin []string `name:"allowed-origin" placeholder:"ORIGIN" help:"Web origin, besides our own, whose pages may connect; may be repeated ($$HELIOGRAPH_ALLOWED_ORIGIN)."`
	Dev           *bool    `name:"dev" negatable:"" help:"Let everybody who reaches the server make a token for any room ($$HELIOGRAPH_DEV)."`
	LogLevel      *string  `name:"log-level" placeholder:"LEVEL" help:"debug, info, warn or error; info by default ($$HELIOGRAPH_LOG_LEVEL)."`
}

// load merges the flags with the file and the environment.
func (f settingFlags) load(p process) (config.Config, error) {
	flags := map[string][]string{}
	for name, text := range map[string]*string{
		"http-addr": f.HTTPAddr, "admin-addr": f.AdminAddr, "udp-port": f.UDPPort, "tcp-port": f.TCPPort, "media-path": f.MediaPath,
		"tls-cert": f.TLSCert, "tls-key": f.TLSKey, "log-level": f.LogLevel,
	} {
		if text != nil {
			flags[name] = []string{*text}
		}
	}
	if f.NodeIP != nil {
		flags["node-ip"] = f.NodeIP
	}
	if f.AllowedOrigin != nil {
		flags["allowed-origin"] = f.AllowedOrigin
	}
	if f.Dev != nil {
		flags["dev"] = []string{"false"}
		if *f.Dev {
			flags["dev"] = []string{"true"}
		}
	}
	return config.Load(config.Sources{File: f.Config, Environ: p.environ, Flags: flags})
}
