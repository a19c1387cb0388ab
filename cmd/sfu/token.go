package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// tokenCmd groups what is done with tokens.
type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Print a token that lets one identity join one room."`
}

// tokenCreateCmd makes a token with a key of the configuration.
type tokenCreateCmd struct {
	configFlag
	Room     string        `required:"" placeholder:"ROOM" help:"The room; a name, or a prefix with * at its end for all rooms that begin with it."`
	Identity string        `required:"" placeholder:"IDENTITY" help:"Who joins; unique in a room."`
	Name     string        `placeholder:"NAME" help:"What others are shown instead of the identity."`
	TTL      time.Duration `name:"ttl" default:"6h" placeholder:"DURATION" help:"How long the token may be used to join: 90s, 10m, 6h (default)."`
	Key      string        `placeholder:"KID" help:"Which key of auth.keys signs; not needed when there is only one."`
}

// Run prints the token and nothing else, so that a script can use it.
func (c *tokenCreateCmd) Run(p process) error {
	cfg, err := config.Load(config.Sources{File: c.Config, Environ: p.environ})
	if err != nil {
		return err
	}
	keys := signingKeys(cfg)
	kid, err := chooseKey(keys, c.Key)
	if err != nil {
		return err
	}
	if c.TTL < time.Second {
		return usagef("--ttl %v is too short, use at least 1s", c.TTL)
	}
	token, err := keys.Mint(kid, signaling.Claims{
		Identity: c.Identity, Name: c.Name, Room: c.Room,
		Expires: time.Now().Add(c.TTL), Grants: signaling.AllGrants(),
	})
	var refused *signaling.Error
	if errors.As(err, &refused) {
		return usagef("%s", refused.Detail)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, token)
	return err
}

// signingKeys are the keys of the configuration in the form that signaling takes.
func signingKeys(cfg config.Config) signaling.Keys {
	keys := signaling.Keys{}
	for kid, secret := range cfg.Auth.Keys {
		keys[kid] = []byte(secret)
	}
	return keys
}

func chooseKey(keys signaling.Keys, wanted string) (string, error) {
	kids := slices.Sorted(maps.Keys(keys))
	_, known := keys[wanted]
	switch {
	case len(kids) == 0:
		return "", usagef("there is no key to sign with, add auth.keys to the configuration file or set " +
			"HELIOGRAPH_AUTH_KEYS=kid:secret, the same as for the server")
	case known:
		return wanted, nil
	case wanted != "":
		return "", usagef("there is no key %q, choose one of %s", wanted, strings.Join(kids, ", "))
	case len(kids) > 1:
		return "", usagef("there are several keys, choose one with --key: %s", strings.Join(kids, ", "))
	}
	return kids[0], nil
}
