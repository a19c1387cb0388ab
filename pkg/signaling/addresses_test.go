package signaling

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func TestAddressBudget(t *testing.T) {
	a := netip.MustParseAddr("192.0.2.1")
	now := time.Unix(1, 0)
	table := newAddresses()
	for range 10_000 { // an office whose people authenticate
		if _, ok := table.admit(now, a); !ok {
			t.Fatal("honest connects are refused")
		}
		table.settle(now, a, true)
	}
	if len(table.entries) != 0 {
		t.Error("honest addresses are remembered")
	}
	for n := range failureBurst {
		if _, ok := table.admit(now, a); !ok {
			t.Fatalf("failure %d is refused", n)
		}
		table.settle(now, a, false)
	}
	wait, ok := table.admit(now, a)
	if ok || wait <= 0 || wait > time.Second/failureRate {
		t.Errorf("after %d failures: wait %v, admitted %v", failureBurst, wait, ok)
	}
	if _, ok := table.admit(now, netip.MustParseAddr("192.0.2.2")); !ok {
		t.Error("another address is refused")
	}
	if _, ok := table.admit(now.Add(wait), a); !ok {
		t.Errorf("it is refused after the %v that it was told", wait)
	}
}

// Connects that are pending at the same time may all fail: their address pays for all of them.
func TestAddressDebt(t *testing.T) {
	a := netip.MustParseAddr("2001:db8::1")
	now := time.Unix(1, 0)
	table := newAddresses()
	n := 0
	for ; n < 10_000; n++ {
		if _, ok := table.admit(now, netip.MustParseAddr("2001:db8::2")); !ok { // of the same network
			break
		}
	}
	if n != maxPendingPerAddress {
		t.Errorf("%d are pending at once", n)
	}
	for range n {
		table.settle(now, a, false)
	}
	want := time.Duration(maxPendingPerAddress-failureBurst+1) * time.Second / failureRate
	if wait, ok := table.admit(now, a); ok || wait != want {
		t.Errorf("wait %v, want %v", wait, want)
	}
	if _, ok := table.admit(now.Add(want), a); !ok {
		t.Error("refused after the wait")
	}
}

func TestAddressTableIsBounded(t *testing.T) {
	now := time.Unix(1, 0)
	table := newAddresses()
	held := netip.MustParseAddr("203.0.113.1")
	if _, ok := table.admit(now, held); !ok {
		t.Fatal("refused")
	}
	for n := range uint32(3 * maxAddresses) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], n|10<<24)
		a := netip.AddrFrom4(b)
		if _, ok := table.admit(now, a); ok {
			table.settle(now, a, false)
		}
		if len(table.entries) > maxAddresses {
			t.Fatalf("%d addresses are remembered", len(table.entries))
		}
	}
	table.settle(now, held, true) // is still there: it was pending
}

func TestAddressKey(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8::1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := addressKey(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if addressKey(netip.Addr{}) != (netip.Prefix{}) {
		t.Error("an unknown address has a key of its own")
	}
}
