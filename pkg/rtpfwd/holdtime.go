package rtpfwd

import "time"

const (
	// holdMost bounds how long a hole is waited for.
	holdMost = 100 * time.Millisecond
	// holdShare is the share of late packets, in 1/1000, that the wait is long enough for.
	holdShare = 990
	// holdMargin is added: one tick of who asks for repairs, as packets come.
	holdMargin = 10 * time.Millisecond
	// holdSamples is how many late packets are enough to measure by.
	holdSamples = 8
	// holdUseful is the share of holes, one in this many, that must be filled in time, or
	// none is waited for.
	holdUseful = 20
	// holdMemory is how long until what was measured counts half.
	holdMemory = 30 * time.Second
)

// holdTime measures how long it is worth to wait for a missing packet.
type holdTime struct {
	value time.Duration // 0 to holdMost

	rtt, jitter time.Duration // of the path; 0: not known
	lateness    histogram     // in microseconds, of packets that came within holdMost
	holes       uint64        // all that were noticed, times sampleWeight
	halved      time.Duration // the latest forgetting
}

// setPath takes what is known of the path.
func (t *holdTime) setPath(rtt, jitter time.Duration) {
	t.rtt, t.jitter = rtt, jitter
	t.measure()
}

// noticed counts holes.
func (t *holdTime) noticed(now time.Duration, holes SeqNo) {
	t.forget(now)
	t.holes += uint64(holes) * sampleWeight
	t.measure()
}

// came counts a packet that filled its hole, or would have, this long after the first one
// behind it.
func (t *holdTime) came(now, late time.Duration) {
	if late > holdMost {
		return
	}
	t.forget(now)
	t.lateness.add(uint64(max(late, 0) / time.Microsecond))
	t.measure()
}

// forget lets what is old count less.
func (t *holdTime) forget(now time.Duration) {
	for n := 0; now-t.halved >= holdMemory; n++ {
		if n == 32 {
			t.halved = now // nothing is left
			return
		}
		t.lateness.halve()
		t.holes /= 2
		t.halved += holdMemory
	}
}

// measure sets the value.
func (t *holdTime) measure() {
	if t.holes >= holdUseful*sampleWeight && uint64(t.lateness.total)*holdUseful < t.holes {
		t.value = 0
		return
	}
	t.value = time.Duration(t.lateness.quantile(holdShare)) * time.Microsecond
	if t.value > 0 {
		t.value += holdMargin
	}
	if t.lateness.samples() < holdSamples {
		t.value = max(t.value, t.guess())
	}
	t.value = min(t.value, holdMost)
}

// guess is the value before enough was measured: the time until a first repair comes, or
// what reordering takes if that would be too late.
func (t *holdTime) guess() time.Duration {
	if t.rtt <= 0 {
		return holdMost
	}
	if repair := nackAfter + t.rtt + 2*t.jitter + holdMargin; repair <= holdMost {
		return repair
	}
	return 2*t.jitter + holdMargin
}
