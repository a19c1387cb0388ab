package rtpfwd

import "testing"

// FuzzReplay gives packets in any order to a Replica, a Forwarder and an Outbound, with replays, repairs and targets in between. What
// is sent first of a replay is its keyframe, and the numbers follow without hole; no number is used twice, and timestamps rise
// with the numbers through a replay.
func FuzzReplay(f *testing.F) {
	f.Add([]byte{0, 2, 2, 15, 2, 23, 0, 2, 31, 1, 2, 7}, byte(1))
	f.Add([]byte{0, 9, 3, 2, 4, 7, 0, 10, 18, 26, 5, 23, 63}, byte(0))
	f.Fuzz(func(t *testing.T, steps []byte, temporal byte) {
		s := newShelf(t)
		out, buf := NewOutbound(outConfig()), make([]byte, 1500)
		out.SetSource(0, OutboundSource{CSRC: 1, Codec: VP8, Rate: 90000, PayloadType: 120})
		fwd := NewForwarder(ForwarderConfig{Codec: VP8, Replicas: []*Replica{s.r}})
		fwd.SetTarget(0, Layer{Temporal: int8(temporal & 7)})
		used := map[uint16]bool{}
		for _, b := range steps {
			var choices []Choice
			highest, replay := out.highest, false
			switch {
			case b&7 == 7 && b>>3&3 == 0:
				choices = fwd.Replay(s.now, int(b>>5)*200, nil)
				replay = true
			case b&7 == 7 && b>>3&3 == 1:
				choices = fwd.Repair(s.now, int(b>>5)*200, nil)
				replay = true
			case b&7 == 7 && b>>3&3 == 2:
				fwd.Restart()
			default:
				newest := s.newest
				s.step(b)
				if p := s.put[s.newest]; p != nil && s.newest != newest && s.r.Ring.Get(s.newest) == p {
					choices = fwd.Select(s.now, p, nil)
				}
			}
			before := uint32(0)
			for i, c := range choices {
				n := out.Rewrite(s.now, c, buf)
				if n == 0 {
					if replay {
						t.Fatalf("choice %d of a replay is refused", i)
					}
					continue
				}
				p := parsed(t, buf[:n])
				if used[p.SequenceNumber] {
					t.Fatalf("number %d is used twice", p.SequenceNumber)
				}
				used[p.SequenceNumber] = true
				if !replay {
					continue
				}
				if i == 0 && out.highest <= highest || i > 0 && out.highest != highest+1 || i == 0 && !c.Packet.Desc.Keyframe {
					t.Fatalf("choice %d of a replay has number %d after %d; keyframe %v", i, out.highest, highest, c.Packet.Desc.Keyframe)
				}
				highest = out.highest
				if i > 0 && int32(p.Timestamp-before) < 0 && c.Packet.Time >= choices[i-1].Packet.Time {
					t.Fatalf("choice %d of a replay goes back in time", i)
				}
				before = p.Timestamp
			}
		}
	})
}
