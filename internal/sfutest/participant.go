package sfutest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/internal/rtporder"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Participant is a scripted client of the protocol with a PeerConnection. Its methods that ask the server for something block until
// it has answered; they may be called by several goroutines, one negotiation runs at a time.
type Participant struct {
	// Fixed after construction.
	world    *World
	identity string
	link     *Link
	signal   *signal
	pc       *webrtc.PeerConnection
	hop      hop
	stop     chan struct{} // closed at the end
	plan     Plan
	loops    sync.WaitGroup
	tasks    sync.WaitGroup

	negotiating chan struct{} // holds one token: a lock whose waiters do not stop the clock

	// Owned by the holder of negotiating.
	offerRev   int
	resource   string // the path of the session, of WHIP and WHEP
	restarting bool   // the next offer has new ICE credentials

	// Guarded by mu.
	mu           sync.Mutex
	ended        bool
	room         roomState
	welcomed     bool
	early        []*incoming // events that came before the welcome was read
	slots        []*Slot     // in the order of their m-lines
	byMID        map[string]*Slot
	bySSRC       map[uint32]*Slot
	publications []*Publication // that have an m-line
	byID         map[string]*Publication
	viewRev      int
	faults       []string
	tolerant     bool // of faults
	undeclared   int
	offers       int // asked for by the server

	// Atomic.
	connectedAt atomic.Int64
}

// Join brings a participant into the room: websocket, offer, hello, answer. When it fails or ctx ends, the
// participant is gone as if its machine had lost power.
func (w *World) Join(ctx context.Context, identity string, plan Plan) (*Participant, error) {
	link, err := w.network.join()
	if err != nil {
		return nil, err
	}
	p := newParticipant(w, identity, link)
	p.plan = plan
	if err := p.join(ctx, plan); err != nil {
		p.vanish()
		return nil, fmt.Errorf("%s: %w", identity, err)
	}
	w.add(p)
	return p, nil
}

func newParticipant(w *World, identity string, l *Link) *Participant {
	return &Participant{
		world: w, identity: identity, link: l, stop: make(chan struct{}), negotiating: make(chan struct{}, 1),
		byMID: map[string]*Slot{}, bySSRC: map[uint32]*Slot{}, byID: map[string]*Publication{},
	}
}

// openTransport makes the PeerConnection.
func (p *Participant) openTransport() error {
	api, err := newAPI(p)
	if err != nil {
		return err
	}
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{Certificates: p.world.certificates}); err != nil {
		return fmt.Errorf("make a PeerConnection: %w", err)
	}
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			p.connectedAt.CompareAndSwap(0, int64(p.world.now()))
		}
	})
	return nil
}

func (p *Participant) join(ctx context.Context, plan Plan) error {
	if err := p.openTransport(); err != nil {
		return err
	}
	p.loops.Go(p.run)
	var pubs []*Publication
	for _, f := range plan.Publish {
		pubs = append(pubs, newPublication(p, f))
	}
	if plan.Over != "" {
		return p.exchange(ctx, plan.slots(), pubs)
	}
	signal, err := dialSignal(ctx, p.world, p.link, p.event)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.signal = signal
	p.mu.Unlock()
	return p.hello(ctx, plan, plan.slots(), pubs)
}

func (p *Participant) hello(ctx context.Context, plan Plan, wanted []*wantedSlot, pubs []*Publication) error {
	p.negotiating <- struct{}{}
	defer func() { <-p.negotiating }()
	token, err := p.world.token(p.identity, plan)
	if err != nil {
		return err
	}
	offer, err := p.offer(wanted, pubs)
	if err != nil {
		return err
	}
	h := signaling.Hello{Token: token, Client: "sfutest", Offer: offer}
	if plan.Dynacast {
		h.Caps = append(h.Caps, signaling.CapDynacast)
	}
	for _, pub := range pubs {
		h.Publications = append(h.Publications, pub.offer())
	}
	var w signaling.Welcome
	if err := p.signal.request(ctx, signaling.TypeHello, h, &w); err != nil {
		return err
	}
	p.welcome(&w)
	if w.Answer == nil {
		return errors.New("welcome has no answer")
	}
	if err := p.answered(w.Answer); err != nil {
		return err
	}
	return p.publishedAs(pubs, w.Publications)
}

// wantedSlot is an m-line to offer.
type wantedSlot struct {
	kind  signaling.SlotKind
	media signaling.Kind
	group string
	tr    *webrtc.RTPTransceiver
}

// offer makes the next offer, with further slots and publications. The caller holds negotiating.
func (p *Participant) offer(wanted []*wantedSlot, pubs []*Publication) (*signaling.Offer, error) {
	for _, w := range wanted {
		tr, err := p.pc.AddTransceiverFromKind(webrtc.NewRTPCodecType(string(w.media)),
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		if err != nil {
			return nil, fmt.Errorf("add a slot: %w", err)
		}
		if p.plan.RED && w.media == signaling.KindAudio {
			if err := preferRED(tr); err != nil {
				return nil, err
			}
		}
		w.tr = tr
	}
	for _, pub := range pubs {
		if pub.tr != nil {
			continue // its m-line is there from an earlier time
		}
		if err := pub.addTo(p.pc); err != nil {
			return nil, err
		}
	}
	o, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: p.restarting})
	if err != nil {
		return nil, fmt.Errorf("make an offer: %w", err)
	}
	if err := p.pc.SetLocalDescription(o); err != nil {
		return nil, fmt.Errorf("apply an offer: %w", err)
	}
	p.offerRev++
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range wanted {
		s := newSlot(p.world, w.kind, w.media, w.group)
		s.mid, s.noNACK = w.tr.Mid(), p.plan.NoNACK
		if p.plan.Eager {
			s.order.Every, s.order.Tries = max(s.order.Every/2, rtporder.LeastEvery), 3*rtporder.Tries
		}
		if p.plan.Once {
			s.order.Tries = 1
		}
		if p.plan.DeafAudio && s.media == signaling.KindAudio {
			s.order.Tries = 0
		}
		p.slots = append(p.slots, s)
		p.byMID[s.mid] = s
	}
	out := &signaling.Offer{Rev: p.offerRev, SDP: o.SDP}
	if p.plan.Passive {
		out.SDP = strings.ReplaceAll(out.SDP, "a=setup:actpass", "a=setup:passive")
	}
	for _, s := range p.slots {
		out.Slots = append(out.Slots, signaling.SlotOffer{MID: s.mid, Kind: s.kind, Group: s.group})
	}
	for _, pub := range pubs {
		if !slices.Contains(p.publications, pub) {
			p.publications = append(p.publications, pub)
		}
	}
	return out, nil
}

// publishedAs takes the ids of publications and starts their media.
func (p *Participant) publishedAs(pubs []*Publication, as []signaling.Published) error {
	for _, pub := range pubs {
		i := slices.IndexFunc(as, func(a signaling.Published) bool { return a.MID == pub.mid })
		if i < 0 {
			return fmt.Errorf("the server has not published %s", pub.format.Source)
		}
		pub.id = as[i].Publication
		p.mu.Lock()
		p.byID[pub.id] = pub
		p.mu.Unlock()
		pub.start()
	}
	return nil
}

// run is what a participant does by itself: feedback for its slots, reports and pings.
func (p *Participant) run() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		now := p.world.now()
		for _, s := range p.allSlots() {
			p.writeRTCP(s.tick(now))
		}
		if n%5 == 0 {
			p.writeRTCP(p.hop.feedback(now))
		}
		if n%50 == 0 {
			p.report(now)
		}
		if n%150 == 0 {
			p.ping()
		}
	}
}

func (p *Participant) report(now time.Duration) {
	rr := &rtcp.ReceiverReport{SSRC: 1}
	for _, s := range p.allSlots() {
		if r, ok := s.receptionReport(now); ok && len(rr.Reports) < 31 {
			rr.Reports = append(rr.Reports, r)
		}
	}
	out := []rtcp.Packet{rr, &rtcp.ExtendedReport{
		SenderSSRC: 1, Reports: []rtcp.ReportBlock{&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: p.world.ntp(now)}},
	}}
	for _, pub := range p.published() {
		out = append(out, pub.reports(now)...)
	}
	p.writeRTCP(out)
}

// ping keeps the session alive. The response is of no interest.
func (p *Participant) ping() {
	p.mu.Lock()
	s, welcomed := p.signal, p.welcomed
	p.mu.Unlock()
	if welcomed {
		_, _ = s.send(signaling.TypePing, signaling.Ping{N: 1}) // a dead connection is noticed elsewhere
	}
}

func (p *Participant) allSlots() []*Slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.slots)
}

func (p *Participant) published() []*Publication {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.publications)
}

func (p *Participant) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faultLocked(format, args...)
}

func (p *Participant) faultLocked(format string, args ...any) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, fmt.Sprintf("%v: ", p.world.now())+fmt.Sprintf(format, args...))
	}
}
