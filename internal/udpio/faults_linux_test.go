package udpio

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fakeKernel answers as a test says, and keeps what was sent.
type fakeKernel struct {
	t *testing.T
	// answer says how many messages of a call are taken, or with which error the first is not.
	answer func(call int, msgs []mmsghdr) (int, syscall.Errno)
	calls  int
	waits  []time.Duration
	clock  time.Time
	sent   [][]byte // datagrams

	// incoming fills in messages for recvmmsg.
	incoming func(msgs []mmsghdr) (int, syscall.Errno)
}

func (k *fakeKernel) sendmmsg(_ uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	n, errno := k.answer(k.calls, msgs)
	k.calls++
	if errno != 0 {
		return -1, errno
	}
	for i := range msgs[:n] {
		k.sent = append(k.sent, datagramsOf(k.t, &msgs[i].hdr)...)
	}
	return n, 0
}

func (k *fakeKernel) recvmmsg(_ uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	return k.incoming(msgs)
}

func (k *fakeKernel) readable(uintptr) bool { return true }

func (k *fakeKernel) writable(_ uintptr, d time.Duration) {
	k.waits = append(k.waits, d)
	k.clock = k.clock.Add(min(d, 2*time.Millisecond))
}

func (k *fakeKernel) now() time.Time { return k.clock }

// segmentSize is that of a message to send; 0: it is one datagram.
func segmentSize(h *unix.Msghdr) int {
	if h.Controllen == 0 {
		return 0
	}
	b := unsafe.Slice(h.Control, h.Controllen)
	return int(binary.NativeEndian.Uint16(b[unix.CmsgLen(0):]))
}

// datagramsOf cuts a message as the kernel would, and checks what it demands.
func datagramsOf(t *testing.T, h *unix.Msghdr) [][]byte {
	t.Helper()
	var all []byte
	for _, v := range unsafe.Slice(h.Iov, h.Iovlen) {
		all = append(all, unsafe.Slice(v.Base, v.Len)...)
	}
	size := segmentSize(h)
	if size == 0 {
		if h.Iovlen != 1 {
			t.Fatalf("%d datagrams in a message that says no size", h.Iovlen)
		}
		return [][]byte{all}
	}
	if len(all) > maxDatagram || len(all) > maxSegments*size || len(all) <= size {
		t.Fatalf("a message of %d bytes in segments of %d", len(all), size)
	}
	return slices.Collect(slices.Chunk(all, size))
}

// faulty is a socket whose kernel is k.
func faulty(t *testing.T, k *fakeKernel) (*Socket, *drops) {
	t.Helper()
	d := &drops{}
	s := openSocket(t, "127.0.0.1", false, d)
	raw, err := s.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	k.t, k.clock = t, time.Unix(1, 0)
	s.way = batchedBy(s, raw, k)
	return s, d
}

var anywhere = netip.MustParseAddrPort("192.0.2.1:9")

func TestErrorsOfSending(t *testing.T) {
	const k = 4 // datagrams of one message, then one of another Flow
	segmented := func(h *unix.Msghdr) bool { return segmentSize(h) > 0 }
	always := func(errno syscall.Errno) func(int, []mmsghdr) (int, syscall.Errno) {
		return func(int, []mmsghdr) (int, syscall.Errno) { return 0, errno }
	}
	refuse := func(errno syscall.Errno) func(int, []mmsghdr) (int, syscall.Errno) {
		return func(_ int, msgs []mmsghdr) (int, syscall.Errno) {
			if segmented(&msgs[0].hdr) {
				return 0, errno
			}
			return 1, 0
		}
	}
	first := func(errno syscall.Errno) func(int, []mmsghdr) (int, syscall.Errno) {
		return func(call int, msgs []mmsghdr) (int, syscall.Errno) {
			if call == 0 {
				return 0, errno
			}
			return len(msgs), 0
		}
	}
	for name, c := range map[string]struct {
		answer  func(int, []mmsghdr) (int, syscall.Errno)
		dropped map[string]int
		sent    int
		single  bool
	}{
		"EIO: no checksums on the interface": {refuse(unix.EIO), nil, k + 1, true},
		"EINVAL: longer than the path":       {refuse(unix.EINVAL), nil, k + 1, true},
		"EMSGSIZE of a message":              {refuse(unix.EMSGSIZE), nil, k + 1, true},
		"EMSGSIZE of datagrams":              {always(unix.EMSGSIZE), map[string]int{dropSize: k + 1}, 0, true},
		"EIO of all":                         {always(unix.EIO), map[string]int{dropSend: k + 1}, 0, true},
		"ENOBUFS once":                       {first(unix.ENOBUFS), map[string]int{dropMemory: k}, 1, false},
		"ENOBUFS":                            {always(unix.ENOBUFS), map[string]int{dropMemory: k + 1}, 0, false},
		"ENETUNREACH":                        {first(unix.ENETUNREACH), map[string]int{dropUnreachable: k}, 1, false},
		"EPERM":                              {first(unix.EPERM), map[string]int{dropUnreachable: k}, 1, false},
		"EINTR":                              {first(unix.EINTR), nil, k + 1, false},
		"EAGAIN once":                        {first(unix.EAGAIN), nil, k + 1, false},
		"EAGAIN":                             {always(unix.EAGAIN), map[string]int{dropBuffer: k + 1}, 0, false},
		"nothing taken without an error":     {always(0), map[string]int{dropSend: k + 1}, 0, true},
		"one message a call":                 {func(int, []mmsghdr) (int, syscall.Errno) { return 1, 0 }, nil, k + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			kernel := &fakeKernel{answer: c.answer}
			s, d := faulty(t, kernel)
			q := NewQueue()
			f, other := q.NewFlow(s, anywhere), q.NewFlow(s, anywhere)
			for range k {
				f.Put(pattern(100, 1))
			}
			other.Put([]byte("other"))
			q.Flush()
			for reason, n := range d.n {
				if c.dropped[reason] != n {
					t.Errorf("dropped %v, want %v", d.n, c.dropped)
				}
			}
			if len(kernel.sent) != c.sent || len(kernel.sent)+d.total() != k+1 || f.single != c.single {
				t.Errorf("sent %d, dropped %d, single %v; want %d sent of %d, single %v", len(kernel.sent), d.total(), f.single, c.sent, k+1, c.single)
			}
			if got := s.Stats().SentDatagrams; got != uint64(c.sent) {
				t.Errorf("%d are counted as sent, want %d", got, c.sent)
			}
		})
	}
}

// A message is never larger than a datagram may be, nor cut into more pieces than old kernels can: what is more goes into the next.
func TestMessagesAreBounded(t *testing.T) {
	for _, size := range []int{1, 500, 1024, 1400, 9000, 32753, 32754, maxDatagram} {
		var messages []int
		kernel := &fakeKernel{answer: func(_ int, msgs []mmsghdr) (int, syscall.Errno) {
			for i := range msgs {
				messages = append(messages, int(msgs[i].hdr.Iovlen))
			}
			return len(msgs), 0
		}}
		s, d := faulty(t, kernel)
		q := NewQueue()
		f := q.NewFlow(s, anywhere)
		for range 150 {
			f.Put(make([]byte, size))
			if size > 5000 && len(q.waiting)%15 == 0 {
				q.Flush()
			}
		}
		q.Flush()
		// fakeKernel looks at each message (datagramsOf).
		if len(kernel.sent) != 150 || d.total() != 0 {
			t.Errorf("%d bytes: %d sent, dropped %v", size, len(kernel.sent), d.n)
		}
		if want := min(maxSegments, maxDatagram/size); size < 5000 && messages[0] != want {
			t.Errorf("%d bytes: the first message has %d datagrams, want %d", size, messages[0], want)
		}
	}
}

// A Flow whose path cannot cut messages pays for the discovery once.
func TestRefusedOnceSingleForEver(t *testing.T) {
	kernel := &fakeKernel{answer: func(_ int, msgs []mmsghdr) (int, syscall.Errno) {
		if segmentSize(&msgs[0].hdr) > 0 {
			return 0, unix.EIO
		}
		return 1, 0
	}}
	s, _ := faulty(t, kernel)
	q := NewQueue()
	f := q.NewFlow(s, anywhere)
	for range 10 {
		f.Put([]byte{1})
		f.Put([]byte{2})
		q.Flush()
	}
	if st := s.Stats(); st.RefusedMessages != 1 || st.SentDatagrams != 20 || st.SegmentedDatagrams != 0 {
		t.Errorf("%+v, want 1 refused and 20 sent", st)
	}
}

// The patience belongs to the Flush: a full buffer does not hold up the goroutine for every message anew.
func TestPatienceIsBounded(t *testing.T) {
	kernel := &fakeKernel{answer: func(int, []mmsghdr) (int, syscall.Errno) { return 0, unix.EAGAIN }}
	s, d := faulty(t, kernel)
	q := NewQueue()
	for range 200 {
		q.NewFlow(s, anywhere).Put([]byte{1})
	}
	q.Flush()
	want := []time.Duration{5 * time.Millisecond, 3 * time.Millisecond, time.Millisecond}
	if d.n[dropBuffer] != 200 || !slices.Equal(kernel.waits, want) {
		t.Errorf("dropped %v after waits of %v, want 200 of %s after %v", d.n, kernel.waits, dropBuffer, want)
	}
	q.NewFlow(s, anywhere).Put([]byte{1})
	if q.Flush(); len(kernel.waits) != 2*len(want) {
		t.Errorf("the next Flush waited %d times, want %d", len(kernel.waits)-len(want), len(want))
	}
}

func TestSendTellsErrors(t *testing.T) {
	kernel := &fakeKernel{answer: func(call int, msgs []mmsghdr) (int, syscall.Errno) {
		return len(msgs), []syscall.Errno{unix.EINTR, unix.EAGAIN, 0}[call]
	}}
	s, d := faulty(t, kernel)
	if err := s.Send([]byte("a"), anywhere); err == nil || kernel.calls != 2 || len(kernel.waits) > 0 || d.n[dropBuffer] != 1 {
		t.Errorf("%v after %d calls and %d waits, dropped %v, want EAGAIN at once", err, kernel.calls, len(kernel.waits), d.n)
	}
	if err := s.Send([]byte("b"), anywhere); err != nil || string(kernel.sent[0]) != "b" {
		t.Errorf("%v, sent %q", err, kernel.sent)
	}
}

// FuzzSending puts datagrams of any sizes into Flows and lets the kernel fail as it likes. Each datagram is sent once, in the order of
// its Flow, or counted once as dropped.
func FuzzSending(f *testing.F) {
	f.Add([]byte{4, 4, 4, 3, 200, 0, 4, 4}, []byte{0, 1, 9, 0})
	f.Add([]byte{1, 1, 1, 1, 1, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255}, []byte{2, 3, 4, 5, 6, 7, 8})
	f.Add(make([]byte, 300), []byte{7, 0, 7})
	errnos := []syscall.Errno{unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.EAGAIN, unix.EINTR, unix.ENOBUFS, unix.EPERM}
	f.Fuzz(func(t *testing.T, sizes, answers []byte) {
		kernel := &fakeKernel{answer: func(call int, msgs []mmsghdr) (int, syscall.Errno) {
			if call >= len(answers) {
				return len(msgs), 0
			}
			a := int(answers[call])
			if a < len(errnos) {
				return 0, errnos[a]
			}
			return 1 + a%len(msgs), 0
		}}
		s, d := faulty(t, kernel)
		q := NewQueue()
		flows := [3]*Flow{}
		for i := range flows {
			flows[i] = q.NewFlow(s, anywhere)
		}
		put := 0
		for i, n := range sizes[:min(len(sizes), 600)] {
			b := make([]byte, 5+int(n)*20)
			b[0] = byte(i % 3)
			binary.BigEndian.PutUint32(b[1:], uint32(i))
			flows[i%3].Put(b)
			put++
			if n == 77 {
				q.Flush()
			}
		}
		q.Flush()
		if len(kernel.sent)+d.total() != put {
			t.Fatalf("sent %d, dropped %d of %d", len(kernel.sent), d.total(), put)
		}
		last := [3]int{-1, -1, -1}
		for _, b := range kernel.sent {
			i := int(binary.BigEndian.Uint32(b[1:]))
			if i <= last[b[0]] || len(b) != 5+int(sizes[i])*20 {
				t.Fatalf("datagram %d of %d bytes after %d", i, len(b), last[b[0]])
			}
			last[b[0]] = i
		}
	})
}
