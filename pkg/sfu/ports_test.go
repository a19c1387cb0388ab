package sfu

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

func candidatesOf(p *ports) []string {
	var out []string
	for i, c := range p.candidates {
		out = append(out, c.attribute(65535-i).Value)
	}
	return out
}

// Behind 1:1 NAT the answer names the operator's addresses and no others: UDP before TCP, in the operator's order.
func TestNodeIPsReplaceTheCandidates(t *testing.T) {
	p := &ports{udp: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:7700")}, tcp: netip.MustParseAddrPort("[::]:7701")}
	if err := p.nameCandidates([]netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"udp65535 1 udp 2130706431 203.0.113.7 7700 typ host",
		"udp65534 1 udp 2130706175 2001:db8::7 7700 typ host",
		"tcp65533 1 tcp 1526726143 203.0.113.7 7701 typ host tcptype passive",
		"tcp65532 1 tcp 1526725887 2001:db8::7 7701 typ host tcptype passive",
	}
	if got := candidatesOf(p); !slices.Equal(got, want) {
		t.Errorf("candidates\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(sdpOf(slotSection, plainSection)); err != nil {
		t.Fatal(err)
	}
	setCandidates(&desc, p.candidates)
	b, err := desc.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); strings.Contains(s, "192.0.2.1") || strings.Count(s, "a=candidate:") != len(want) {
		t.Errorf("the answer has other candidates:\n%s", s)
	}
}

// Without them every address of the machine is named, loopback last, for browsers prefer what comes first.
func TestCandidatesNameEveryAddressLoopbackLast(t *testing.T) {
	p := &ports{udp: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:7700")}}
	if err := p.nameCandidates(nil); err != nil {
		t.Fatal(err)
	}
	seenLoopback := false
	for _, c := range p.candidates {
		if seenLoopback && !c.addr.Addr().IsLoopback() {
			t.Errorf("%s comes after loopback", c.addr)
		}
		seenLoopback = seenLoopback || c.addr.Addr().IsLoopback()
	}
	if !seenLoopback {
		t.Error("loopback is not named")
	}
}

func TestTakenPortIsSaid(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := New(Config{UDPPort: c.LocalAddr().(*net.UDPAddr).Port}); !errors.Is(err, ErrPortTaken) {
		t.Errorf("error %v, want ErrPortTaken", err)
	}
	if _, err := New(Config{}); !errors.Is(err, ErrConfig) {
		t.Errorf("no port at all: %v, want ErrConfig", err)
	}
}
