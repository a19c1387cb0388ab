package udpio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// arrival is a datagram of one byte that came in by a socket of a group.
type arrival struct {
	by   int
	from netip.AddrPort
	what byte
}

// openGroup is a group on a free port, and what comes in by it.
func openGroup(t *testing.T, addr string, n int, portable bool) ([]*Socket, <-chan arrival) {
	t.Helper()
	group, err := ListenShared(netip.AddrPortFrom(netip.MustParseAddr(addr), 0), n, Config{Buffer: 1 << 20, Portable: portable})
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skip("this machine has no", addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan arrival, 1024)
	for i, s := range group {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				err := s.Receive(func(from netip.AddrPort, b []byte) { arrived <- arrival{i, from, b[0]} })
				if errors.Is(err, net.ErrClosed) {
					return
				}
			}
		}()
		t.Cleanup(func() {
			_ = s.Close()
			<-ended
		})
	}
	return group, arrived
}

// askAll sends a byte from each remote address and tells by which socket it came in.
func askAll(t *testing.T, remotes []*Socket, to netip.AddrPort, arrived <-chan arrival, what byte) map[netip.AddrPort]int {
	t.Helper()
	by := map[netip.AddrPort]int{}
	for _, r := range remotes {
		if err := r.Send([]byte{what}, to); err != nil {
			t.Fatal(err)
		}
	}
	for range remotes {
		select {
		case a := <-arrived:
			if a.what != what {
				t.Errorf("%d arrived from %s, want %d", a.what, a.from, what)
			}
			by[a.from] = a.by
		case <-time.After(5 * time.Second):
			t.Fatalf("%d of %d remotes were heard", len(by), len(remotes))
		}
	}
	return by
}

func TestGroupHearsAllAndAnswersFromOneAddress(t *testing.T) {
	for _, portable := range []bool{false, true} {
		for _, addr := range []string{"127.0.0.1", "::1"} {
			t.Run(fmt.Sprintf("portable=%v/%s", portable, addr), func(t *testing.T) {
				group, arrived := openGroup(t, addr, 3, portable)
				if runtime.GOOS == "linux" && len(group) != 3 {
					t.Fatalf("%d sockets, want 3", len(group))
				}
				var remotes []*Socket
				for range 60 {
					remotes = append(remotes, openSocket(t, addr, portable, nil))
				}
				first := askAll(t, remotes, group[0].LocalAddr(), arrived, 1)
				used := map[int]int{}
				for from, by := range first {
					used[by]++
					if again := askAll(t, remotes[:1], group[0].LocalAddr(), arrived, 2); from == remotes[0].LocalAddr() && again[from] != by {
						t.Errorf("%s came by socket %d and then by %d", from, by, again[from])
					}
				}
				if len(first) != 60 || len(used) != len(group) {
					t.Errorf("%d remotes by sockets %v, want 60 by all %d", len(first), used, len(group))
				}
				for i, s := range group {
					if s.LocalAddr() != group[0].LocalAddr() {
						t.Errorf("socket %d is on %s, want %s", i, s.LocalAddr(), group[0].LocalAddr())
					}
					if err := s.Send([]byte{9}, remotes[0].LocalAddr()); err != nil {
						t.Fatal(err)
					}
					if _, from := collect(t, remotes[0], 1); from[0] != group[0].LocalAddr() {
						t.Errorf("socket %d sends from %s", i, from[0])
					}
				}

				// Without one of them the kernel gives its remotes to the others.
				if len(group) > 1 {
					_ = group[1].Close()
				}
				for from, by := range askAll(t, remotes, group[0].LocalAddr(), arrived, 3) {
					if len(group) > 1 && by == 1 {
						t.Errorf("%s came by a socket that is closed", from)
					}
				}
			})
		}
	}
}

// Servers of one user do not share a port by mistake, whether they would use a group or not.
func TestGroupTakesItsAddressAlone(t *testing.T) {
	group, _ := openGroup(t, "127.0.0.1", 2, false)
	addr := group[0].LocalAddr()
	for n := range 3 {
		other, err := ListenShared(addr, n, Config{})
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("another group of %d: %d sockets, %v, want EADDRINUSE", n, len(other), err)
		}
		for _, s := range other {
			_ = s.Close()
		}
	}
}
