package loadtest

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/internal/synthetic"
	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// subscriber checks what one participant receives.
type subscriber struct {
	test    *test
	started time.Duration // its join

	// Guarded by mu.
	mu        sync.Mutex
	slots     map[*client.Slot]*screen
	connected time.Duration // when its media path was there; 0: not yet
	first     bool          // a picture came
	random    *rand.Rand    // for losses
}

// screen is what one slot shows.
type screen struct {
	receiver *synthetic.Receiver
	video    bool
	at       time.Duration // of the newest picture; 0: none
	origin   uint64        // of the newest picture
	interval time.Duration // between pictures, on average
	freezes  int           // in the window
}

func (t *test) newSubscriber(started time.Duration, seed uint64) *subscriber {
	return &subscriber{test: t, started: started, slots: map[*client.Slot]*screen{}, random: rand.New(rand.NewPCG(seed, 1))}
}

// filter loses packets and, in tests, changes them.
func (s *subscriber) filter(packet []byte) bool {
	s.mu.Lock()
	lost := s.random.Float64()*100 < s.test.config.Loss
	s.mu.Unlock()
	if f := s.test.config.Tamper; f != nil && !lost {
		f(packet)
	}
	return !lost
}

// packet takes each packet in order.
func (s *subscriber) packet(slot *client.Slot, p *rtp.Packet) {
	now := s.test.now()
	s.mu.Lock()
	v := s.slots[slot]
	if v == nil {
		v = &screen{receiver: synthetic.NewReceiver(slot.Codec()), video: slot.Media() == signaling.KindVideo}
		s.slots[slot] = v
	}
	picture, whole := v.receiver.Packet(now, p.SequenceNumber, p.Timestamp, p.Marker, p.Payload)
	wants := v.video && v.receiver.WantsKeyframe()
	if whole {
		s.shown(v, &picture)
	}
	s.mu.Unlock()
	if wants {
		slot.RequestKeyframe()
	}
}

// shown notes a picture or a frame of sound. mu is held.
func (s *subscriber) shown(v *screen, p *synthetic.Picture) {
	t := s.test
	if v.video && !s.first {
		s.first = true
		t.firstFrames.add(p.At - s.started)
	}
	measured := t.measuring(p.At)
	if measured && s.connected != 0 && p.Captured >= s.connected { // what is older was kept by the server for who joins
		if v.video {
			t.latency.add(p.At - p.Captured)
		} else {
			t.audioLatency.add(p.At - p.Captured)
		}
	}
	if v.at != 0 && v.origin == p.Origin {
		v.interval += (min(p.At-v.at, time.Second) - v.interval) / 16
		if measured && v.video && v.frozen(p.At, t.began()) {
			v.freezes++
		}
	} else {
		v.interval = time.Second / videoFPS
	}
	v.at, v.origin = p.At, p.Origin
}

// frozen tells whether the newest picture stood so long until now that W3C counts a freeze: for three usual ones, and 150 ms longer than
// a usual one. What stood before the window began does not count.
func (v *screen) frozen(now, began time.Duration) bool {
	return now-max(v.at, began) > max(3*v.interval, v.interval+150*time.Millisecond)
}

// sum adds what the subscriber has seen to the figures; at the end of the window it counts pictures that stand still.
func (s *subscriber) sum(into *seen, end time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.slots {
		st := v.receiver.Stats()
		into.damaged += st.Damaged
		into.incomplete += st.Incomplete
		into.undecodable += st.Undecodable
		into.faults += st.Faults
		if !v.video {
			into.sounds += st.Pictures
			continue
		}
		into.pictures += st.Pictures
		into.keyframes += st.Keyframes
		into.switches += st.Switches
		into.freezes += v.freezes
		if v.at != 0 && s.test.began() != 0 && v.frozen(end, s.test.began()) {
			into.freezes++
		}
	}
	if !s.first {
		into.blank++
	}
}

// seen sums up subscribers.
type seen struct {
	pictures, keyframes, sounds, switches, freezes  int
	damaged, incomplete, undecodable, faults, blank int
}
