package mediabench

import (
	"bytes"
	"testing"
)

// wait waits until s has something.
func wait(s *socket, milliseconds int) {
	var p poller
	p.add(s)
	p.wait(milliseconds)
}

// collect drains s until n datagrams have come.
func collect(t *testing.T, s *socket, n int) (all []arrival) {
	t.Helper()
	d := newDrainer()
	for range 100 {
		d.drain(s, func(a arrival) {
			a.data = bytes.Clone(a.data)
			all = append(all, a)
		})
		if len(all) >= n {
			return all
		}
		wait(s, 100)
	}
	t.Fatalf("%d datagrams came, want %d", len(all), n)
	return nil
}

func openPair(t *testing.T) (from, to *socket) {
	t.Helper()
	for _, s := range [...]**socket{&from, &to} {
		var err error
		if *s, err = openSocket(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*s).close() }) // the test is over
	}
	return from, to
}

// The datagrams of one message come out as they went in, and their stamp tells that they were one. The kernel begins to stamp a moment
// after the first socket has asked for it.
func TestMessagesOfSeveralHaveOneStamp(t *testing.T) {
	from, to := openPair(t)
	b := bytes.Repeat([]byte("0123456789"), 25) // 100, 100 and 50 bytes
	for range 100 {
		var out burst
		for range 2 {
			if !out.add(b, 100, to.local) {
				t.Fatal("no room in an empty burst")
			}
		}
		if n, err := out.send(from); n != 2 || err != nil {
			t.Fatalf("sent %d messages: %v", n, err)
		}
		all := collect(t, to, 6)
		stamps := map[int64]int{}
		for i, a := range all {
			if want := b[100*(i%3) : min(250, 100*(i%3)+100)]; !bytes.Equal(a.data, want) {
				t.Errorf("datagram %d is %q, want %q", i, a.data, want)
			}
			if a.from != from.local || a.stamp == 0 {
				t.Errorf("datagram %d came from %v at %d", i, a.from, a.stamp)
			}
			stamps[a.stamp]++
		}
		if len(stamps) == 2 && stamps[all[0].stamp] == 3 {
			return
		}
		wait(to, 10)
	}
	t.Error("the datagrams of a message never had one stamp")
}

func TestBurstIsBounded(t *testing.T) {
	from, to := openPair(t)
	var out burst
	b := make([]byte, 40)
	added := 0
	for out.add(b, 10, to.local) {
		added++
	}
	if added != batchSize/4 {
		t.Errorf("%d messages of 4 datagrams were added, want %d", added, batchSize/4)
	}
	if n, err := out.send(from); n != added || err != nil {
		t.Fatalf("sent %d: %v", n, err)
	}
	collect(t, to, batchSize)
	if n, err := out.send(from); n != 0 || err != nil {
		t.Errorf("an empty burst sent %d: %v", n, err)
	}
}

func TestLongMessagesAreReadInParts(t *testing.T) {
	from, to := openPair(t)
	for range batchSize + 5 {
		if err := from.send([]byte("x"), to.local); err != nil {
			t.Fatal(err)
		}
	}
	if all := collect(t, to, batchSize+5); len(all) != batchSize+5 {
		t.Errorf("%d datagrams came", len(all))
	}
}

// The floor sends every frame whole to every viewer, sealed, and counts what it sends.
func TestFloorSends(t *testing.T) {
	s, first := openPair(t)
	_, second := openPair(t)
	_ = s
	f := NewFloor(2)
	subject := f.Subject()
	p := Pattern{To: []string{first.local.String(), second.local.String()}, Frame: 3, Size: 200, Period: 1e6}
	if err := subject.Start(p); err != nil {
		t.Fatal(err)
	}
	for _, to := range [...]*socket{first, second} {
		for _, a := range collect(t, to, 6) {
			if len(a.data) != 216 || !isRTP(a.data) {
				t.Errorf("a datagram of %d bytes", len(a.data))
			}
			if bytes.Count(a.data[rtpHeader:], []byte{0}) > 100 {
				t.Error("a datagram is not sealed")
			}
		}
	}
	subject.Stop()
	if c, err := subject.Count(); err != nil || c.Sent < 12 || c.Sent%3 != 0 {
		t.Errorf("counted %+v: %v", c, err)
	}
	for _, bad := range []Pattern{{}, {Frame: 1, Size: 200}, {Frame: 99, Size: 200, Period: 1}, {Frame: 1, Size: 9, Period: 1}, {To: []string{"x"}, Frame: 1, Size: 200, Period: 1e6}} {
		if subject.Start(bad) == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestFloorAllocatesNothing(t *testing.T) {
	from, to := openPair(t)
	f := NewFloor(1)
	l := newFloorLane(from, Pattern{Frame: 4, Size: 1200, Period: 1}, &f.sent)
	for range 40 {
		if err := l.add(to.local.String()); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(10, l.send); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
	if want := uint64(11 * 40 * 4); f.sent.Load() != want { // AllocsPerRun runs once more
		t.Errorf("counted %d packets, want %d", f.sent.Load(), want)
	}
}

// RTP waits for flush, all else does not, and after Close nothing is touched.
func TestLink(t *testing.T) {
	var rtp int
	a, err := newLink(func([]byte, int64) { rtp++ })
	if err != nil {
		t.Fatal(err)
	}
	b, err := newLink(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	media, other := append([]byte{0x80, 96}, make([]byte, 20)...), []byte("DTLS, let us say")
	for range 70 {
		if _, err := b.WriteTo(media, a.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.WriteTo(other, a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	d := newDrainer()
	wait(a.socket, 1000)
	a.drain(d)
	got := make([]byte, 100)
	if n, from, err := a.ReadFrom(got); err != nil || string(got[:n]) != string(other) || from.String() != b.LocalAddr().String() || rtp != 0 {
		t.Fatalf("read %q from %v, %d RTP: %v", got[:n], from, rtp, err)
	}
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		wait(a.socket, 100)
		if a.drain(d); rtp == 70 {
			break
		}
	}
	if rtp != 70 || len(a.in) != 0 {
		t.Errorf("%d packets of RTP came, %d went to Pion", rtp, len(a.in))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a.drain(d)
	if _, _, err := a.ReadFrom(got); err == nil {
		t.Error("read after Close")
	}
	if _, err := a.WriteTo(other, b.LocalAddr()); err == nil {
		t.Error("wrote after Close")
	}
	if a.flush() == nil || a.Close() != nil {
		t.Error("flush or Close after Close")
	}
}
