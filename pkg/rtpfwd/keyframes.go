package rtpfwd

import "time"

const (
	// keyframeSpacing is the shortest time between two requests, so that a source
	// makes at most two keyframes a second.
	keyframeSpacing = 500 * time.Millisecond
	// keyframeMaxWait bounds the back-off of repeated requests.
	keyframeMaxWait = 4 * time.Second
	// keyframeBurst is how many keyframes may be had above the running share.
	keyframeBurst = 5
	// keyframeShare is the part of the source's bytes that keyframes may cost: 10 %.
	keyframeShare = 10
	// keyframePatience is how long somebody who needs a keyframe may be left without
	// because of the cost. It bounds the cost of a source that is nearly still, whose
	// 10 % would pay for a keyframe only every few minutes. A camera of 1 Mbit/s earns
	// one every 2.4 s, so that nobody waits so long there.
	keyframePatience = 5 * time.Second
	// keyframeReserve is what mere wishes leave of the burst to those in need.
	keyframeReserve = keyframeBurst - 1
	// keyframeSpan is how long after its start the packets that come are counted as
	// the keyframe: senders pace one over about that time.
	keyframeSpan = 50 * time.Millisecond
	// deafAfter is how long after the second request in vain a source counts as deaf.
	deafAfter = 2 * time.Second
	// answerTime is how long after a request a keyframe of a deaf source counts as the
	// answer: longer, and those that it makes by itself would often seem to be one.
	answerTime = 500 * time.Millisecond
)

// Keyframes is the keyframe authority of one Encoding: all who want a keyframe of
// it tell Keyframes, and Keyframes says when to ask the publisher. Requests are
// coalesced, at least 500 ms apart, and bounded by what keyframes cost: 10 % of the
// bytes of the source, with a burst of five. A request that was not answered is
// repeated after 500 ms, 1 s, 2 s and then every 4 s, as long as a keyframe is
// wanted. Keyframes that come unasked serve all but cost nothing.
//
//	Want ... Want -> wanted -> Due: ask -> no answer: ask again, later each time
//	                   ^                |
//	                   +-- Received ----+-> nothing wanted
//
// Who needs a keyframe says Want: who shows nothing, or has lost packets. Who asks
// for one without a reason that can be seen says Wish: that is granted from a full
// credit, from less of it after 5 s, and never against it, so that many who ask all
// the time use up what a camera earns, but not what those in need are left with.
type Keyframes struct {
	wanted, wished           bool
	wantedSince, wishedSince time.Duration

	asked    bool          // a request was sent since the latest keyframe
	askedAt  time.Duration // the latest request
	wait     time.Duration // until the next one is permitted; 0: none sent yet
	requests int           // since the latest keyframe
	deafAt   time.Duration // when the source is deaf if no keyframe came, with two requests
	deaf     bool          // it was when the latest keyframe came, which was no answer

	credit     float64 // keyframes that may be had, at most keyframeBurst
	size       float64 // bytes of a keyframe, smoothed; 0 before the first one
	measuring  bool
	measured   int           // bytes of the keyframe that is coming in
	measuredAt time.Duration // its start
}

// NewKeyframes makes an authority that was asked for nothing yet.
func NewKeyframes() *Keyframes { return &Keyframes{credit: keyframeBurst} }

// Want notes that somebody needs a keyframe that starts after now.
func (k *Keyframes) Want(now time.Duration) {
	if !k.wanted {
		k.wanted, k.wantedSince = true, now
	}
}

// Wish notes that somebody asks for a keyframe after now, and nothing is known of a need.
func (k *Keyframes) Wish(now time.Duration) {
	if !k.wished {
		k.wished, k.wishedSince = true, now
	}
}

// Supply says how keyframes can be had now.
func (k *Keyframes) Supply(now time.Duration) Supply {
	switch {
	case k.deaf || k.requests >= 2 && now >= k.deafAt:
		return NotToBeHad
	case k.credit < 1:
		return Scarce
	}
	return OnRequest
}

// Received notes that a keyframe starts at now. It serves all wants so far. bytes
// is its size as far as it is known, at least its first packet; what OnPacket
// counts in the next 50 ms makes it more exact.
func (k *Keyframes) Received(now time.Duration, bytes int) {
	k.finish()
	answer := k.asked && now-k.askedAt <= answerTime
	k.deaf = !answer && k.Supply(now) == NotToBeHad
	if k.asked {
		k.credit = max(k.credit-1, 0)
		k.wait = keyframeSpacing
	}
	k.wanted, k.wished, k.asked, k.requests = false, false, false, 0
	k.measuring, k.measured, k.measuredAt = true, bytes, now
	if k.size == 0 {
		k.size = float64(bytes)
	}
}

// OnPacket counts the bytes of a packet of the source: they earn credit. The packet
// that was given to Received may be given here before.
func (k *Keyframes) OnPacket(now time.Duration, bytes int) {
	if k.measuring {
		if now-k.measuredAt < keyframeSpan {
			k.measured += bytes
		} else {
			k.finish()
		}
	}
	if k.size > 0 {
		k.credit = min(k.credit+float64(bytes)/(keyframeShare*k.size), keyframeBurst)
	}
}

// Rest notes that the source was told to send nothing: what was wanted is wanted no more,
// and that no answer comes is no sign that it is deaf.
func (k *Keyframes) Rest() {
	k.finish()
	k.wanted, k.wished, k.asked, k.requests = false, false, false, 0
}

// finish takes the measured size of the latest keyframe into account.
func (k *Keyframes) finish() {
	if !k.measuring {
		return
	}
	k.measuring = false
	if k.size < float64(k.measured) {
		k.size = float64(k.measured)
		return
	}
	k.size += (float64(k.measured) - k.size) / 4
}

// Due says whether to ask the publisher now, by PLI (RFC 4585 section 6.3.1) or FIR.
// It is true at most once for each permitted request.
func (k *Keyframes) Due(now time.Duration) bool {
	if now < k.Deadline() {
		return false
	}
	if k.asked {
		k.wait = min(2*k.wait, keyframeMaxWait)
	} else {
		k.wait = keyframeSpacing
	}
	k.asked, k.askedAt = true, now
	if k.requests++; k.requests == 2 {
		k.deafAt = now + deafAfter
	}
	return true
}

// Deadline returns when Due has something to say, as far as is known now: OnPacket
// may bring it nearer. Never if nothing is wanted.
func (k *Keyframes) Deadline() time.Duration {
	at := Never
	if k.wanted {
		at = k.permitted(k.wantedSince)
		if k.credit < 1 {
			at = max(at, k.askedAt+keyframePatience)
		}
	}
	switch {
	case !k.wished || k.credit < 1:
	case k.credit >= keyframeReserve+1:
		at = min(at, k.permitted(k.wishedSince))
	default: // a decoder may have failed without a loss
		at = min(at, max(k.permitted(k.wishedSince), k.wishedSince+keyframePatience))
	}
	return at
}

// permitted returns when the next request may be sent at the earliest.
func (k *Keyframes) permitted(since time.Duration) time.Duration {
	if k.wait > 0 {
		return max(since, k.askedAt+k.wait)
	}
	return since
}
