package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/expect"
	"github.com/heliograph/heliograph/internal/loadtest"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// loadtestCmd fills rooms with participants and measures what they get.
type loadtestCmd struct {
	configFlag
	URL         string         `name:"url" placeholder:"URL" help:"The server, as http://localhost:8080. Without it one is started on this machine, in a process of its own, and stopped at the end."`
	Metrics     string         `placeholder:"URL" help:"Where the server of --url shows its metrics, as http://127.0.0.1:7780 (its --admin-addr): its CPU and memory are then in the table."`
	Token       string         `placeholder:"TOKEN" help:"A token, for a test of one participant. For more, give the keys of the server by --config or $$HELIOGRAPH_AUTH_KEYS; without any, development tokens are asked for."`
	Key         string         `placeholder:"KID" help:"Which key of auth.keys signs; not needed when there is only one."`
	Rooms       int            `default:"1" placeholder:"N" help:"Rooms, 1 by default."`
	Publishers  int            `default:"1" placeholder:"N" help:"Participants of each room that send, 1 by default."`
	Subscribers int            `default:"10" placeholder:"N" help:"Participants of each room that receive, 10 by default."`
	Video       string         `default:"vp8-simulcast" placeholder:"KIND" help:"What cameras send: vp8-simulcast (default), vp9-svc, av1, h264, or none."`
	Audio       bool           `default:"true" negatable:"" help:"Publishers have microphones."`
	Duration    time.Duration  `default:"10s" placeholder:"DURATION" help:"How long is measured after all have joined, 10s by default."`
	Ramp        time.Duration  `placeholder:"DURATION" help:"Time over which the joins are spread; without it they come as fast as the server takes them."`
	Loss        float64        `placeholder:"PERCENT" help:"Share of packets that subscribers lose on purpose, 0 to 50 percent."`
	Browsers    int            `default:"0" placeholder:"N" help:"Browsers that join beside and look at each other, 2 to 8, in pairs over the rooms. They need Node and what scripts/browser-test installs."`
	BrowserKind string         `name:"browser-kind" default:"both" placeholder:"KIND" help:"Which browsers: chromium, firefox, or both in turn (default)."`
	JSON        bool           `name:"json" help:"Print one JSON object instead of a table."`
	Expect      []expect.Bound `placeholder:"KEY<=VALUE" sep:"none" help:"A bound of a figure, as frames_damaged<=0 or joins_per_second>=50; the exit code is 1 if it is missed. May be repeated."`
	ServerFlag  []string       `placeholder:"FLAG" sep:"none" help:"A flag for the server that is started, as --server-flag=--log-level=debug. May be repeated."`
}

// Run plays the test, prints its figures and holds them against the bounds.
func (c *loadtestCmd) Run(p process) error {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	token, err := c.tokens(p)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	report, err := loadtest.Run(ctx, loadtest.Config{
		URL: c.URL, Metrics: c.Metrics, Executable: self, ServerFlags: c.ServerFlag, Token: token, Rooms: c.Rooms, Publishers: c.Publishers, Subscribers: c.Subscribers,
		Video: c.Video, Audio: c.Audio, Duration: c.Duration, Ramp: c.Ramp, Loss: c.Loss,
		Browsers: c.Browsers, BrowserKind: c.BrowserKind, Progress: p.stderr,
	})
	if errors.Is(err, loadtest.ErrConfig) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	write := report.WriteTable
	if c.JSON {
		write = report.WriteJSON
	}
	if err := write(p.stdout); err != nil {
		return err
	}
	return expect.Check(c.Expect, report.Figures)
}

// tokens says how participants get theirs: the one that is given, ones that we sign, or, nil, ones that the server gives.
func (c *loadtestCmd) tokens(p process) (func(room, identity string) (string, error), error) {
	if c.Token != "" {
		if c.URL == "" {
			return nil, usagef("--token is for another server: give its --url")
		}
		if n := c.Rooms*(c.Publishers+c.Subscribers) + c.Browsers; n != 1 {
			return nil, usagef("a token is for one identity and the test has %d participants: give the keys of the server by --config or "+
				"HELIOGRAPH_AUTH_KEYS instead, or take --publishers 1 --subscribers 0", n)
		}
		return func(string, string) (string, error) { return c.Token, nil }, nil
	}
	if c.URL == "" {
		return nil, nil // our own server gives them
	}
	cfg, err := config.Load(config.Sources{File: c.Config, Environ: p.environ})
	if err != nil {
		return nil, err
	}
	keys := signingKeys(cfg)
	if len(keys) == 0 {
		return nil, nil
	}
	kid, err := chooseKey(keys, c.Key)
	if err != nil {
		return nil, err
	}
	return func(room, identity string) (string, error) {
		return keys.Mint(kid, signaling.Claims{
			Identity: identity, Room: room, Expires: time.Now().Add(time.Hour), Grants: signaling.AllGrants(),
		})
	}, nil
}
