package rtporder

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// FuzzOrder puts packets in any order and compares with a plain set: what comes out is in order, each once, and nothing is missing
// that came in time.
func FuzzOrder(f *testing.F) {
	f.Add(uint64(1), uint16(65500), uint8(20))
	f.Add(uint64(2), uint16(0), uint8(0))
	f.Add(uint64(3), uint16(32760), uint8(60))
	f.Fuzz(func(t *testing.T, seed uint64, first uint16, lossPercent uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		o := New(50*time.Millisecond, 500*time.Millisecond)
		came := map[uint16]bool{}
		last, out := int(first)-1, 0
		now := time.Duration(0)
		take := func(packets []*rtp.Packet) {
			for _, p := range packets {
				seq := last + int(int16(p.SequenceNumber-uint16(last)))
				if seq <= last {
					t.Fatalf("%d after %d", seq, last)
				}
				for s := last + 1; s < seq; s++ {
					if came[uint16(s)] {
						t.Fatalf("%d came and was passed over", s)
					}
				}
				last = seq
				out++
			}
		}
		const count = 400
		for i := range count {
			if i > 0 && r.IntN(100) < int(lossPercent) {
				continue
			}
			for range 1 + r.IntN(2) { // some twice
				seq := first + uint16(i)
				came[seq] = true
				take(o.Put(now, &rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, true, nil))
			}
			now += time.Duration(r.IntN(20)) * time.Millisecond
			take(o.Drain(now, nil))
			if due := o.Due(now); len(due) > count {
				t.Fatalf("%d packets are asked for", len(due))
			}
		}
		take(o.Drain(now+o.Patience, nil))
		if out != len(came) {
			t.Fatalf("%d packets came, %d went on", len(came), out)
		}
	})
}

// TestOrderWaitsForRepairs: a packet that comes late, but in time, fills its gap.
func TestOrderWaitsForRepairs(t *testing.T) {
	o := New(50*time.Millisecond, 500*time.Millisecond)
	put := func(now time.Duration, seq uint16) (out []uint16) {
		for _, p := range o.Put(now, &rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, true, nil) {
			out = append(out, p.SequenceNumber)
		}
		return out
	}
	put(0, 65534)
	if out := put(10*time.Millisecond, 1); len(out) != 0 {
		t.Errorf("%v without 65535 and 0", out)
	}
	if due := o.Fresh(10 * time.Millisecond); len(due) != 2 || due[0] != 0 || due[1] != 65535 {
		t.Errorf("%v are asked for", due)
	}
	put(50*time.Millisecond, 0)
	if out := put(60*time.Millisecond, 65535); len(out) != 3 || out[2] != 1 {
		t.Errorf("%v after the repair", out)
	}
	if st := o.Stats(); st.Repaired != 2 || st.Lost != 0 {
		t.Errorf("%d repaired, %d lost", st.Repaired, st.Lost)
	}
}

// TestOrderBeginsAnewAfterAJump: a source that numbers anew is not waited for.
func TestOrderBeginsAnewAfterAJump(t *testing.T) {
	o := New(50*time.Millisecond, time.Second)
	put := func(seq uint16) int {
		return len(o.Put(0, &rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, false, nil))
	}
	if put(10) != 1 || put(12) != 0 || put(12+maxJump) != 0 || put(13+maxJump) != 0 {
		t.Error("12 and what follows must wait")
	}
	o = New(50*time.Millisecond, time.Second)
	if put(10) != 1 || put(10+2*maxJump) != 1 || o.Waits() {
		t.Errorf("after a jump: %+v", o.Stats())
	}
}

// TestOrderSkipsToTheNewestKeyframe: what a whole keyframe follows is not waited for, and an incomplete one is not taken.
func TestOrderSkipsToTheNewestKeyframe(t *testing.T) {
	o := New(50*time.Millisecond, time.Second)
	starts := func(p *rtp.Packet) bool { return len(p.Payload) > 0 }
	for _, p := range []struct {
		seq    uint16
		time   uint32
		key    bool
		marker bool
	}{{1, 1, true, true}, {3, 3, false, true}, {4, 4, true, false}, {5, 4, false, true}, {6, 6, true, false}} {
		packet := &rtp.Packet{Header: rtp.Header{SequenceNumber: p.seq, Timestamp: p.time, Marker: p.marker}}
		if p.key {
			packet.Payload = []byte{1}
		}
		o.Put(0, packet, false, nil)
	}
	out := o.SkipToNewest(0, starts, nil)
	if len(out) != 3 || out[0].SequenceNumber != 4 || o.Stats().Lost != 1 || o.Waits() {
		t.Errorf("got %d packets, %+v", len(out), o.Stats())
	}
}
