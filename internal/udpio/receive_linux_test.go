package udpio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// deliver fills in a message as recvmmsg would.
func deliver(m *mmsghdr, from netip.AddrPort, b, control []byte, flags int) {
	addr := encodeAddr(from, from.Addr().Is4())
	copy(unsafe.Slice(m.hdr.Name, m.hdr.Namelen), addr.raw[:addr.n])
	m.hdr.Namelen = addr.n
	m.len = uint32(copy(unsafe.Slice(m.hdr.Iov.Base, m.hdr.Iov.Len), b))
	m.hdr.SetControllen(copy(unsafe.Slice(m.hdr.Control, m.hdr.Controllen), control))
	m.hdr.Flags = int32(flags)
}

// mergedControl is the control message UDP_GRO.
func mergedControl(size int) []byte {
	var c control
	h := (*unix.Cmsghdr)(unsafe.Pointer(&c.b[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_GRO
	h.SetLen(unix.CmsgLen(4))
	binary.NativeEndian.PutUint32(c.b[unix.CmsgLen(0):], uint32(size))
	return c.b[:unix.CmsgSpace(4)]
}

func TestMergedMessagesAreCut(t *testing.T) {
	all := pattern(1000, 3)
	for name, c := range map[string]struct {
		control []byte
		flags   int
		want    []int // sizes; none: it is dropped
	}{
		"no control message":      {nil, 0, []int{1000}},
		"even":                    {mergedControl(250), 0, []int{250, 250, 250, 250}},
		"a short last one":        {mergedControl(300), 0, []int{300, 300, 300, 100}},
		"a last one of one byte":  {mergedControl(999), 0, []int{999, 1}},
		"as long as the message":  {mergedControl(1000), 0, []int{1000}},
		"longer than the message": {mergedControl(1 << 30), 0, []int{1000}},
		"size 0":                  {mergedControl(0), 0, []int{1000}},
		"a negative size":         {mergedControl(-5), 0, []int{1000}},
		"half a control message":  {mergedControl(250)[:17], 0, []int{1000}},
		"truncated":               {mergedControl(250), unix.MSG_TRUNC, nil},
		"control truncated":       {nil, unix.MSG_CTRUNC, nil},
	} {
		t.Run(name, func(t *testing.T) {
			kernel := &fakeKernel{incoming: func(msgs []mmsghdr) (int, syscall.Errno) {
				deliver(&msgs[0], anywhere, all, c.control, c.flags)
				deliver(&msgs[1], anywhere, []byte("next"), nil, 0)
				return 2, 0
			}}
			s, d := faulty(t, kernel)
			for range 2 { // what a message leaves behind does not change the next call
				var got []byte
				var sizes []int
				if err := s.Receive(func(from netip.AddrPort, b []byte) {
					got, sizes = append(got, b...), append(sizes, len(b))
					if from != anywhere {
						t.Errorf("from %s", from)
					}
				}); err != nil {
					t.Fatal(err)
				}
				want := append(slices.Clone(c.want), 4)
				if !slices.Equal(sizes, want) || (c.want != nil && !bytes.Equal(got[:1000], all)) {
					t.Errorf("cut into %v, want %v", sizes, want)
				}
			}
			if (d.n[dropTruncated] == 2) != (c.want == nil) {
				t.Errorf("dropped %v", d.n)
			}
		})
	}
}

func TestReceiveGoesOnAfterErrors(t *testing.T) {
	calls := 0
	kernel := &fakeKernel{incoming: func(msgs []mmsghdr) (int, syscall.Errno) {
		calls++
		if calls < 4 {
			return -1, []syscall.Errno{unix.EINTR, unix.ECONNREFUSED, unix.ENOMEM}[calls-1]
		}
		deliver(&msgs[0], anywhere, nil, nil, 0)
		deliver(&msgs[1], netip.AddrPort{}, []byte("from nobody"), nil, 0)
		return 2, 0
	}}
	s, d := faulty(t, kernel)
	got := 0
	each := func(_ netip.AddrPort, b []byte) { got += 1 + len(b) }
	for _, want := range []error{unix.ECONNREFUSED, unix.ENOMEM, nil} {
		if err := s.Receive(each); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if got != 1 || d.n[dropTruncated] != 1 {
		t.Errorf("received %d, dropped %v; want the empty datagram, and nothing of nobody", got, d.n)
	}
}

// The kernel merges what a sender gave it as one message; all datagrams are found again.
func TestKernelMergesAndWeCut(t *testing.T) {
	from, to := openSocket(t, "127.0.0.1", false, nil), openSocket(t, "127.0.0.1", false, nil)
	q := NewQueue()
	f := q.NewFlow(from, to.LocalAddr())
	for i := range 8 {
		f.Put(pattern(1200-i/7, i))
	}
	q.Flush()
	got, _ := collect(t, to, 8)
	for i := range 8 {
		if !bytes.Equal(got[i], pattern(1200-i/7, i)) {
			t.Errorf("datagram %d: %d bytes are not what was sent", i, len(got[i]))
		}
	}
	if s := from.Stats(); s.SegmentedDatagrams != 8 || s.SendCalls != 1 || s.SentMessages != 1 {
		t.Errorf("sent %+v, want 8 datagrams in one message", s)
	}
}

// What came before the first Receive is not missed, and a socket that gets nothing has no memory for it.
func TestMemoryComesWithTheFirstDatagram(t *testing.T) {
	from, to := openSocket(t, "127.0.0.1", false, nil), openSocket(t, "127.0.0.1", false, nil)
	idle := openSocket(t, "127.0.0.1", false, nil)
	for _, b := range []string{"", "before"} {
		if err := from.Send([]byte(b), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := collect(t, to, 2); len(got[0]) != 0 || string(got[1]) != "before" {
		t.Errorf("got %q", got)
	}
	ended := make(chan error)
	go func() { ended <- idle.Receive(func(netip.AddrPort, []byte) {}) }()
	_ = idle.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) || idle.way.(*batched).in != nil {
		t.Errorf("%v; an idle socket has a receiver: %v", err, idle.way.(*batched).in != nil)
	}
}

func FuzzSegmentOf(f *testing.F) {
	f.Add(mergedControl(1200))
	f.Add(mergedControl(-1))
	f.Add(append(make([]byte, 16), mergedControl(7)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := segmentOf(bytes.Clone(b[:len(b):len(b)]))
		if size != 0 && len(b) < unix.CmsgLen(4) {
			t.Fatalf("size %d from %d bytes", size, len(b))
		}
		total := 0
		n := cut(b, size, func(p []byte) {
			total += len(p)
			if size > 0 && size < len(b) && len(p) > size {
				t.Fatalf("a piece of %d bytes, the size is %d", len(p), size)
			}
		})
		if total != len(b) || n < 1 {
			t.Fatalf("%d pieces of %d bytes together, want %d", n, total, len(b))
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add([]byte{192, 0, 2, 1}, uint16(7700))
	f.Add(netip.MustParseAddr("2001:db8::1").AsSlice(), uint16(0))
	f.Add(netip.MustParseAddr("::ffff:192.0.2.1").AsSlice(), uint16(65535))
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		decodeAddr(b)
		ip, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		want := netip.AddrPortFrom(ip.Unmap(), port)
		for _, v4 := range []bool{false, true} {
			s := encodeAddr(netip.AddrPortFrom(ip, port), v4)
			if got := decodeAddr(s.raw[:s.n]); got != want && (got.IsValid() || !v4 || want.Addr().Is4()) {
				t.Fatalf("%s became %s", want, got)
			}
		}
	})
}

func TestZonesAreKept(t *testing.T) {
	a := netip.MustParseAddrPort("[fe80::1%3]:9")
	s := encodeAddr(a, false)
	if got := decodeAddr(s.raw[:s.n]); got != a {
		t.Errorf("%s became %s", a, got)
	}
}
