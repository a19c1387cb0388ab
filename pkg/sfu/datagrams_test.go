package sfu

import (
	"testing"
	"time"

	"github.com/pion/srtp/v3"

	"github.com/heliograph/heliograph/internal/icemux"
)

// What comes while a worker is behind by as much as it may be is dropped, and counted one by one; afterwards all is well again.
func TestDatagramsOverTheBound(t *testing.T) {
	b := newPathBench(t)
	r := b.join(testProfiles[0], 10)
	for range 3 {
		batch := make([]icemux.Datagram, 1000)
		for i := range batch {
			batch[i] = icemux.Datagram{To: r.path, Bytes: []byte{0x80}}
		}
		for range maxInbox/len(batch) + 1 {
			b.worker.Deliver(time.Now(), batch)
		}
		b.worker.Deliver(time.Now(), batch)
		over := (maxInbox/len(batch)+2)*len(batch) - maxInbox
		b.worker.drain()
		b.expect("a flood", map[string]int{"overload": over, "srtp_malformed": maxInbox})
	}
}

// The packets of a round keep their order among each other and with jobs, whoever they are for.
func TestDatagramsKeepTheirOrder(t *testing.T) {
	b := newPathBench(t)
	one, two := b.join(testProfiles[0], 10), b.join(testProfiles[0], 20)
	keys := one.path.in
	one.path.in = nil
	deliver := func(seq uint16) {
		b.worker.Deliver(time.Now(), []icemux.Datagram{
			{To: one.path, Bytes: one.packet(t, 1, seq, 10)}, {To: two.path, Bytes: two.packet(t, 1, seq, 10)},
			{To: one.path, Bytes: one.packet(t, 1, seq+1, 10)},
		})
	}
	deliver(1)
	b.worker.post(func(time.Duration) { one.path.in = keys })
	deliver(3)
	b.worker.drain()
	b.expect("keys in the middle", map[string]int{"rtp_before_dtls": 2, "unbound": 4})
}

// A panic costs the packet that caused it: what came with it for others is taken, and the next round too.
func TestPanicOverADatagram(t *testing.T) {
	b := newPathBench(t)
	one, two := b.join(testProfiles[0], 10), b.join(testProfiles[0], 20)
	one.path.in = &srtp.Context{} // it has no cipher
	for seq := range uint16(2) {
		b.worker.Deliver(time.Now(), []icemux.Datagram{
			{To: one.path, Bytes: one.packet(t, 1, seq, 10)}, {To: two.path, Bytes: two.packet(t, 1, seq, 10)},
		})
		b.worker.drain()
		b.expect("a panic", map[string]int{"unbound": 1})
	}
	if !one.path.t.failed.Load() || two.path.t.failed.Load() {
		t.Error("want the Transport of the packet to end, and no other")
	}
	if n := metric(t, b.registry, "heliograph_panics_total"); n != 2 {
		t.Errorf("%v panics, want 2", n)
	}
}
