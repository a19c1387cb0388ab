package sfu

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/ice/v4"
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

// Without them the addresses that UDP listens on are named, and no others, loopback last: browsers prefer what comes first.
func TestCandidatesNameWhatIsListenedOn(t *testing.T) {
	p := &ports{tcp: netip.MustParseAddrPort("[::]:7701")}
	for _, a := range []string{"127.0.0.1:7700", "10.0.0.5:7700", "[::1]:7700"} {
		p.udp = append(p.udp, netip.MustParseAddrPort(a))
	}
	if err := p.nameCandidates(nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.candidates {
		got = append(got, c.network+" "+c.addr.String())
	}
	want := []string{
		"udp 10.0.0.5:7700", "udp 127.0.0.1:7700", "udp [::1]:7700", "tcp 10.0.0.5:7701", "tcp 127.0.0.1:7701", "tcp [::1]:7701",
	}
	if !slices.Equal(got, want) {
		t.Errorf("candidates %v, want %v", got, want)
	}
}

// With ICE-TCP alone every address of the machine is named.
func TestCandidatesOfTCPAlone(t *testing.T) {
	p := &ports{tcp: netip.MustParseAddrPort("[::]:7701")}
	if err := p.nameCandidates(nil); err != nil {
		t.Fatal(err)
	}
	if n := len(p.candidates); n == 0 || !p.candidates[n-1].addr.Addr().IsLoopback() || p.candidates[0].network != "tcp" {
		t.Errorf("candidates %v, want TCP ones, loopback last", p.candidates)
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

// A Transport has a Conn for each family that a candidate names, and for no other.
func TestOnlyOfferedFamiliesAreListenedOn(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("192.0.2.1:7700"), netip.MustParseAddrPort("[2001:db8::1]:7700")
	for _, c := range []struct{ offered, want []netip.AddrPort }{
		{[]netip.AddrPort{v4}, []netip.AddrPort{v4}}, {[]netip.AddrPort{v6}, []netip.AddrPort{v6}}, {[]netip.AddrPort{v6, v4}, []netip.AddrPort{v4, v6}},
	} {
		m := offeredMux{UDPMux: fixedMux{addrs: []netip.AddrPort{v4, v6}}}
		for _, a := range c.offered {
			m.candidates = append(m.candidates, candidate{"udp", a})
		}
		var got []netip.AddrPort
		for _, a := range m.GetListenAddresses() {
			got = append(got, a.(*net.UDPAddr).AddrPort())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("candidates %v: listens on %v, want %v", c.offered, got, c.want)
		}
	}
}

// fixedMux has addresses and nothing else.
type fixedMux struct {
	ice.UDPMux
	addrs []netip.AddrPort
}

func (m fixedMux) GetListenAddresses() (out []net.Addr) {
	for _, a := range m.addrs {
		out = append(out, net.UDPAddrFromAddrPort(a))
	}
	return out
}
