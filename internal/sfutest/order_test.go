package sfutest

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
		o := newOrder(50*time.Millisecond, 500*time.Millisecond)
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
				take(o.put(now, &rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, true, nil))
			}
			now += time.Duration(r.IntN(20)) * time.Millisecond
			take(o.drain(now, nil))
			if due := o.due(now); len(due) > count {
				t.Fatalf("%d packets are asked for", len(due))
			}
		}
		take(o.drain(now+o.patience, nil))
		if out != len(came) {
			t.Fatalf("%d packets came, %d went on", len(came), out)
		}
	})
}

// TestOrderWaitsForRepairs: a packet that comes late, but in time, fills its gap.
func TestOrderWaitsForRepairs(t *testing.T) {
	o := newOrder(50*time.Millisecond, 500*time.Millisecond)
	put := func(now time.Duration, seq uint16) (out []uint16) {
		for _, p := range o.put(now, &rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, true, nil) {
			out = append(out, p.SequenceNumber)
		}
		return out
	}
	put(0, 65534)
	if out := put(10*time.Millisecond, 1); len(out) != 0 {
		t.Errorf("%v without 65535 and 0", out)
	}
	if due := o.fresh(10 * time.Millisecond); len(due) != 2 || due[0] != 0 || due[1] != 65535 {
		t.Errorf("%v are asked for", due)
	}
	put(50*time.Millisecond, 0)
	if out := put(60*time.Millisecond, 65535); len(out) != 3 || out[2] != 1 {
		t.Errorf("%v after the repair", out)
	}
	if o.repaired != 2 || o.lost != 0 {
		t.Errorf("%d repaired, %d lost", o.repaired, o.lost)
	}
}

// FuzzReadStamp: a stamp is read as it was written, and nothing else is taken for one.
func FuzzReadStamp(f *testing.F) {
	f.Add([]byte{}, uint64(1), uint32(2), true)
	f.Fuzz(func(t *testing.T, b []byte, origin uint64, frame uint32, key bool) {
		_, _ = readStamp(b) // must not panic
		s := stamp{origin: origin, encoding: 2, key: key, part: 1, parts: 3, frame: frame, needs: frame - 1, captured: time.Second}
		got, ok := readStamp(s.append(nil, 200))
		if !ok || got != s {
			t.Errorf("%+v became %+v", s, got)
		}
	})
}
