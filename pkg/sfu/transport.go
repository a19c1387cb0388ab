package sfu

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
	"go.uber.org/zap"
)

// Transport is one ICE and DTLS association with a participant: one PeerConnection, and the media state that a worker keeps for
// it.
type Transport struct {
	// Fixed after construction.
	srv    *Server
	log    *zap.Logger
	owner  *Participant
	worker *worker
	api    *webrtc.API
	pc     *webrtc.PeerConnection
	sinks  sinks     // of the portable path
	fast   *fastPath // nil: the Transport is portable
	role   webrtc.DTLSRole
	checks bool // the selected pair is checked by us: see checksPath
	madeAt time.Duration

	// Owned by the worker.
	in  *ingest
	out *egress

	// Guarded by Participant.mu.
	lines  map[string]mediaLine  // by mid: what each m-line is for, for ever
	tracks map[string]*slotTrack // by mid: of all slots

	// Atomic.
	consentAt atomic.Int64 // time of the newest authenticated STUN request, since the server's start
	rtt       atomic.Int64 // newest round-trip time, in nanoseconds; 0: unknown
	connected atomic.Bool  // DTLS has completed
	failed    atomic.Bool
}

// newTransport makes a Transport for a participant whose first offer this is. The offer decides on its media path.
func newTransport(p *Participant, offer string) (*Transport, error) {
	t := &Transport{
		srv: p.srv, log: p.log, owner: p, worker: p.srv.leastLoaded(), lines: map[string]mediaLine{}, tracks: map[string]*slotTrack{},
		madeAt: p.srv.now(), role: answeringRole(offer), checks: checksPath(offer),
	}
	t.consentAt.Store(int64(p.srv.now()))
	t.sinks.init(t)
	if b := t.worker.batchFor(t.role); b != nil {
		t.fast = newFastPath(t, b)
	}
	t.in, t.out = newIngest(t), newEgress(t)
	cert, err := p.srv.certificate()
	if err != nil {
		return nil, err
	}
	if t.api, err = newAPI(t); err != nil {
		return nil, err
	}
	t.pc, err = t.api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{*cert}})
	if err != nil {
		return nil, fmt.Errorf("make a PeerConnection: %w", err)
	}
	if t.fast != nil {
		t.fast.watch(t.pc)
	}
	t.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(t.onPair)
	t.pc.OnConnectionStateChange(t.onState)
	t.worker.post(func(now time.Duration) { t.worker.addTransport(now, t) })
	p.srv.metrics.transports.Inc()
	p.srv.metrics.mediaPaths.WithLabelValues(string(t.mediaPath())).Inc()
	return t, nil
}

// onPair follows the pair that ICE has selected. It runs in a goroutine of Pion, which it must not hold up.
func (t *Transport) onPair(pair *webrtc.ICECandidatePair) {
	addr, err := netip.ParseAddr(pair.Remote.Address)
	if err != nil {
		return
	}
	remote := netip.AddrPortFrom(addr, pair.Remote.Port)
	if t.fast != nil {
		t.fast.line.Select(remote)
	}
	t.worker.post(func(now time.Duration) { t.out.pacing.route(now, remote) })
}

// onState runs in a Pion callback: it must not close anything itself.
func (t *Transport) onState(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		t.worker.post(func(now time.Duration) { // behind the keys of the fast path
			if !t.connected.Swap(true) {
				t.srv.metrics.connect.Observe((now - t.madeAt).Seconds())
			}
			t.out.connected(now)
		})
	case webrtc.PeerConnectionStateClosed:
		t.fail("the media connection was closed by the other side")
	case webrtc.PeerConnectionStateFailed:
		if !t.connected.Load() {
			t.fail("no media connection could be made")
		}
		// Otherwise the participant may still restart ICE; the consent clock decides.
	}
}

// onBindingRequest sees each authenticated STUN request. It feeds the consent clock (RFC 7675), and lets the controlling side nominate
// any pair that has answered our own check, whatever its priority: a browser that lost UDP nominates its TCP pair, of lower priority.
func (t *Transport) onBindingRequest(m *stun.Message, pair *ice.CandidatePair) bool {
	t.consentAt.Store(int64(t.srv.now()))
	if pair == nil {
		return false
	}
	if rtt := pair.CurrentRoundTripTime(); rtt > 0 && (t.checks || t.rtt.Load() == 0) {
		t.rtt.Store(int64(rtt * float64(time.Second)))
	}
	return m.Contains(stun.AttrUseCandidate) && pair.ResponsesReceived() > 0
}

// consentAge is the time since the other side last proved that it wants our packets.
func (t *Transport) consentAge(now time.Duration) time.Duration {
	return now - time.Duration(t.consentAt.Load())
}

// fail ends the participant's session from any goroutine, once.
func (t *Transport) fail(why string) {
	if t.failed.Swap(true) {
		return
	}
	t.srv.metrics.transportFailures.Inc()
	// Its own goroutine: the caller may be a Pion callback or a worker, neither of which may wait.
	t.srv.scope.task(func() { t.owner.transportFailed(why) })
}

// close ends the Transport. It takes at most closeTimeout; what Pion has not closed by then ends by itself.
func (t *Transport) close() {
	t.failed.Store(true) // what follows is no failure
	removed := make(chan struct{})
	t.worker.post(func(now time.Duration) {
		t.worker.removeTransport(now, t)
		close(removed)
	})
	<-removed
	if t.fast != nil {
		t.fast.keys.Close()
	}
	done := make(chan error, 1)
	go func() { done <- t.pc.GracefulClose() }()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, webrtc.ErrConnectionClosed) {
			t.log.Debug("closing a transport", zap.Error(err))
		}
	case <-timer.C:
		t.srv.metrics.slowCloses.Inc()
		t.log.Warn("a transport did not close in time; it goes on in the background", zap.Duration("limit", closeTimeout))
	}
	t.srv.metrics.transports.Dec()
}

// setPublication lets the media of pub through.
func (t *Transport) setPublication(pub *Publication) {
	muted := pub.muted // only its owner changes that, under the same lock
	t.worker.post(func(now time.Duration) {
		t.in.setPublication(pub.mid, pub)
		t.in.mute(now, pub, muted)
	})
}

// endPublication stops the media of pub.
func (t *Transport) endPublication(pub *Publication) {
	t.worker.post(func(time.Duration) { t.in.end(pub) })
}

// mutePublication lets what sleeps of pub sleep, and keeps awake what is, until it is no longer muted.
func (t *Transport) mutePublication(pub *Publication, muted bool) {
	t.worker.post(func(now time.Duration) { t.in.mute(now, pub, muted) })
}

// assign makes a slot carry a.
func (t *Transport) assign(s *Slot, a assignment) {
	t.worker.post(func(now time.Duration) { t.out.assign(now, s, a.pub, a.shown) })
}

// reported takes the round-trip time of a receiver report. Where the path is checked, the checks tell more: they do not wait for a pacer.
func (t *Transport) reported(rtt time.Duration) {
	if rtt > 0 && !t.checks {
		t.rtt.Store(int64(rtt))
	}
}

// roundTrip is the round-trip time of the selected pair, as STUN measures it, or receiver reports.
func (t *Transport) roundTrip() time.Duration {
	if rtt := time.Duration(t.rtt.Load()); rtt > 0 {
		return rtt
	}
	return defaultRTT
}
