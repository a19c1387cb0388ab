package rtpfwd

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// storm1000 is a camera whose picture 1,000 subscribers ask for by PLI ten times a second, all in turn, while others join
// and some have really lost packets. The publisher answers a request after 80 ms.
type storm1000 struct {
	t          *testing.T
	rate, key  int // bytes per second, and of a keyframe
	keyframes  *Keyframes
	replica    *Replica
	answerAt   time.Duration
	seq        SeqNo
	keys       []time.Duration
	sent, cost int

	joiners []*Forwarder // that have no picture yet
	since   []time.Duration
	waits   []time.Duration
	lost    time.Duration // since when somebody is in need; 0: nobody
	repairs []time.Duration
	replays int
}

func (s *storm1000) run(length, joins, losses time.Duration) {
	s.keyframes, s.answerAt = NewKeyframes(), ms(1)
	s.replica = &Replica{Ring: NewRing(1024), Rate: 90000}
	frame := time.Second / 30
	nextJoin, nextLoss := joins, losses
	for now := time.Duration(0); now < length; now += ms(1) {
		for range 10 { // 1,000 x 10 in a second
			s.keyframes.Wish(now)
		}
		if now >= nextJoin {
			nextJoin += joins
			s.join(now)
		}
		if now >= nextLoss {
			nextLoss += losses
			s.lost = now
		}
		s.waiting(now)
		if s.keyframes.Due(now) && s.answerAt == Never {
			s.answerAt = now + 80*time.Millisecond
		}
		s.replica.SetSupply(s.keyframes.Supply(now))
		if now%frame < ms(1) {
			s.film(now)
		}
	}
}

// waiting lets those in need say so, and joiners try the ring again.
func (s *storm1000) waiting(now time.Duration) {
	if s.lost > 0 {
		s.keyframes.Want(now)
	}
	for i, f := range s.joiners {
		if now-s.since[i] > 0 && (now-s.since[i])%ms(100) == 0 && len(f.Replay(now, 187_500, nil)) > 0 {
			s.served(now, i)
			return
		}
		s.keyframes.Want(now)
	}
}

func (s *storm1000) join(now time.Duration) {
	f := NewForwarder(ForwarderConfig{Codec: VP8, Replicas: []*Replica{s.replica}})
	f.SetTarget(now, Layer{Temporal: 7})
	s.joiners, s.since = append(s.joiners, f), append(s.since, now)
	if len(f.Replay(now, 187_500, nil)) > 0 {
		s.replays++
		s.served(now, len(s.joiners)-1)
	}
}

func (s *storm1000) served(now time.Duration, i int) {
	s.waits = append(s.waits, now-s.since[i])
	s.joiners, s.since = slices.Delete(s.joiners, i, i+1), slices.Delete(s.since, i, i+1)
}

// film sends a picture: a keyframe if one was asked for.
func (s *storm1000) film(now time.Duration) {
	key, left := now >= s.answerAt, s.rate/30
	if key {
		s.answerAt, left = Never, s.key
		s.keys, s.cost = append(s.keys, now), s.cost+s.key
		if s.lost > 0 {
			s.repairs, s.lost = append(s.repairs, now-s.lost), 0
		}
		for len(s.joiners) > 0 {
			s.served(now, 0)
		}
	}
	for first := true; left > 0; first = false {
		size := min(left, 1200)
		left -= size
		s.sent += size
		p := &Packet{
			Seq: firstCycle + s.seq, Time: RTPTime(now * 90000 / time.Second), Arrival: now, Codec: VP8, Marker: left == 0,
			Raw: make([]byte, size), payloadEnd: uint16(size), Desc: noDescriptor(),
		}
		p.Desc.Start, p.Desc.Keyframe = first, first && key
		s.seq++
		s.replica.Put(p)
		s.keyframes.OnPacket(now, size)
		if first && key {
			s.keyframes.Received(now, size)
		}
	}
}

// inSecond is the most keyframes within one second.
func (s *storm1000) inSecond() int {
	most := 0
	for i, at := range s.keys {
		n := i
		for n < len(s.keys) && s.keys[n]-at < time.Second {
			n++
		}
		most = max(most, n-i)
	}
	return most
}

func part(all []time.Duration, of float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[min(int(of*float64(len(all))), len(all)-1)]
}

func TestStorm(t *testing.T) {
	for _, test := range []struct {
		name      string
		rate, key int
		joins     time.Duration // from one to the next
		share     float64
		p95       time.Duration
	}{
		{"500 kbit/s", 62_500, 15_000, 1700 * time.Millisecond, 0.1, 300 * time.Millisecond},
		{"1 Mbit/s", 125_000, 30_000, 4100 * time.Millisecond, 0.1, 300 * time.Millisecond},
		{"2.5 Mbit/s", 312_500, 60_000, 4100 * time.Millisecond, 0.1, 300 * time.Millisecond},
		// Joiners have it from the ring. The burst and those in need cost more than such a source earns.
		{"still screen", 3_000, 80_000, 1700 * time.Millisecond, 0.6, 300 * time.Millisecond},
	} {
		s := &storm1000{t: t, rate: test.rate, key: test.key}
		s.run(5*time.Minute, test.joins, time.Minute)
		share := float64(s.cost-test.key) / float64(s.sent) // the first one is everybody's
		p95, repair := part(s.waits, 0.95), part(s.repairs, 1)
		ok := s.inSecond() <= 2 && share <= test.share && p95 <= test.p95 && repair <= 5*time.Second+ms(200) && len(s.repairs) >= 4
		value := fmt.Sprintf("1000 x 10 PLI/s, %s: %d/s, %.1f %%, p95 %v of %d, %d from the ring, repair %v",
			test.name, s.inSecond(), 100*share, p95, len(s.waits), s.replays, repair)
		if test.share > 0.1 {
			t.Log("not within the goal of T-20, which such a source cannot meet: ", value)
		} else {
			t.Logf(`{"id":"T-20","goal":"2/s, 10 %%, p95 300 ms","value":%q,"pass":%v}`, value, ok)
		}
		if !ok {
			t.Errorf("%s: keyframes %d/s, %.1f %% of the bytes; joiners wait %v, those in need %v", test.name, s.inSecond(), 100*share, p95, repair)
		}
	}
}

// TestStormOfWishes: who only asks wins what the source earns, and no more.
func TestStormOfWishes(t *testing.T) {
	still := &storm1000{t: t, rate: 3_000, key: 80_000}
	still.run(5*time.Minute, Never, Never)
	if n := len(still.keys); n > 8 {
		t.Errorf("a still screen made %d keyframes, want the burst and what it earns", n)
	}
	camera := &storm1000{t: t, rate: 125_000, key: 30_000}
	camera.run(5*time.Minute, Never, Never)
	if share := float64(camera.cost-camera.key) / float64(camera.sent); share > 0.1 || share < 0.05 {
		t.Errorf("keyframes were %.1f %% of the bytes of a camera", 100*share)
	}
}
