package loadtest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
)

// MaxBrowsers is how many browsers one load test drives. More need a machine that has time for nothing else.
const MaxBrowsers = 8

// BrowserKinds are the values of Config.BrowserKind. With the last, every second browser is a Firefox.
var BrowserKinds = []string{"chromium", "firefox", bothKinds}

const bothKinds = "both"

// colours are what the browsers publish, each its own, by their names in web/test/lib/source.mjs. A viewer that sees another one's sees a wrong
// picture.
var colours = [MaxBrowsers]string{"red", "green", "blue", "yellow", "magenta", "cyan", "white", "grey"}

// browser is one that takes part. Its JSON is what the script that drives it is told.
type browser struct {
	ID       int           `json:"id"`
	Kind     string        `json:"kind"`
	URL      string        `json:"url"`
	Room     string        `json:"room"`
	Identity string        `json:"identity"`
	Token    string        `json:"token"`
	Colour   string        `json:"colour"`
	Sees     []browserSeen `json:"sees"`
}

// browserSeen is another browser of the same room.
type browserSeen struct {
	Identity string `json:"identity"`
	Colour   string `json:"colour"`
}

// browsers plans who is where: two neighbours, one of each kind if there are two kinds, are always in one room.
func (c *Config) browsers(base, rooms string) []browser {
	list := make([]browser, c.Browsers)
	pairs := min(c.Rooms, c.Browsers/2)
	for i := range list {
		kind := c.BrowserKind
		if kind == bothKinds {
			kind = BrowserKinds[i%2]
		}
		list[i] = browser{
			ID: i, Kind: kind, URL: base, Room: roomName(rooms, i/2%pairs), Identity: fmt.Sprintf("browser-%d", i+1), Colour: colours[i],
		}
	}
	for i := range list {
		for j := range list {
			if i != j && list[i].Room == list[j].Room {
				list[i].Sees = append(list[i].Sees, browserSeen{list[j].Identity, list[j].Colour})
			}
		}
	}
	return list
}

// checkBrowsers says what of the browsers cannot be played.
func (c *Config) checkBrowsers() error {
	if c.Browsers == 0 {
		return nil
	}
	switch {
	case c.Browsers < 2 || c.Browsers > MaxBrowsers:
		return fmt.Errorf("%w: --browsers is 2 to %d, as browsers look at each other, or 0", ErrConfig, MaxBrowsers)
	case !slices.Contains(BrowserKinds, c.BrowserKind):
		return fmt.Errorf("%w: --browser-kind %s is not known, choose %v", ErrConfig, c.BrowserKind, BrowserKinds)
	case c.URL != "" && !secure(c.URL):
		return fmt.Errorf("%w: browsers open a camera on pages of https or of this machine only, so with --browsers the --url begins with https", ErrConfig)
	}
	return nil
}

// secure tells whether browsers trust a page of this address with a camera.
func secure(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip.IsLoopback()
}

// ErrBrowsers tells that the browsers could not be started. Its text says what is missing.
var ErrBrowsers = errors.New("the browsers of the load test did not start")

// machineAddress is an address of this machine besides loopback, which Firefox never uses for media. Empty if there is none.
func machineAddress() string {
	interfaces, err := net.Interfaces()
	if err != nil {
		return ""
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, _ := i.Addrs() // without any it is of no use
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
				return n.IP.String()
			}
		}
	}
	return ""
}
