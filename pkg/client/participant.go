package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrClosed tells that the participant has left or was closed.
var ErrClosed = errors.New("the participant has left")

// Participant is one joined identity in one room. Its methods may be called by several goroutines; those that ask the server for
// something wait for the answer or for their context.
type Participant struct {
	// Fixed after Join.
	config Config
	start  time.Time
	signal *signal
	pc     *webrtc.PeerConnection
	hop    hop

	life      context.Context
	end       context.CancelCauseFunc
	loops     sync.WaitGroup
	done      chan struct{} // closed when all goroutines have ended
	joined    chan struct{} // closed when the welcome was applied
	connected chan struct{} // closed when media can flow

	negotiating chan struct{} // holds one token: a lock that can be waited for with a context

	// Owned by the holder of negotiating.
	offerRev int
	free     []*Publication // m-lines that carry nothing, after unpublish or a refusal

	// Guarded by mu.
	mu           sync.Mutex
	welcome      *signaling.Welcome
	roster       roster
	slots        []*Slot // in the order of their m-lines
	byMID        map[string]*Slot
	publications []*Publication
	viewRev      int

	// Owned by receiving, which the goroutine holds that reads SRTP.
	receiving sync.Mutex
	packet    rtp.Packet // the one that is read now

	// Atomic.
	bySSRC     atomic.Pointer[map[uint32]*Slot]
	counters   counters
	wake       chan struct{} // something is missing: tick faster
	connectedM sync.Once
}

// Join brings a participant into a room: websocket, offer, hello, answer. It returns when the server has let it in; media begins when
// Connected is closed. The error wraps a *RequestError if the server refused. ctx bounds the join alone.
func Join(ctx context.Context, c Config) (*Participant, error) {
	a, err := parseAddress(c.URL)
	if err != nil {
		return nil, err
	}
	if c.Room == "" {
		c.Room = a.room
	}
	if c.Engine == nil {
		if c.Engine, err = NewEngine(EngineConfig{}); err != nil {
			return nil, err
		}
	}
	d := &dialing{dial: c.Dial, tls: c.TLS}
	if c.Token == "" {
		c.Token, err = d.devToken(ctx, &a, signaling.DevTokenRequest{Room: c.Room, Identity: c.Identity, Name: c.Name})
		if err != nil {
			return nil, err
		}
	}
	p := newParticipant(c)
	if p.pc, err = c.Engine.newTransport(p); err != nil {
		return nil, err
	}
	p.pc.OnConnectionStateChange(p.transportChanged)
	if p.signal, err = dialSignal(ctx, d, a.websocket(), p.take); err != nil {
		_ = p.pc.Close() // it never began
		return nil, err
	}
	p.loops.Go(p.signal.run)
	p.loops.Go(p.run)
	p.loops.Go(p.keepAlive)
	go p.own()
	if err := p.hello(ctx); err != nil {
		p.end(err)
		<-p.done
		return nil, err
	}
	close(p.joined)
	return p, nil
}

func newParticipant(c Config) *Participant {
	life, end := context.WithCancelCause(context.Background())
	p := &Participant{
		config: c, start: time.Now(), life: life, end: end, done: make(chan struct{}), connected: make(chan struct{}), joined: make(chan struct{}),
		negotiating: make(chan struct{}, 1), byMID: map[string]*Slot{}, wake: make(chan struct{}, 1),
	}
	p.bySSRC.Store(&map[uint32]*Slot{})
	return p
}

// own waits for the end and then closes all that the participant has.
func (p *Participant) own() {
	defer close(p.done)
	select {
	case <-p.life.Done():
	case <-p.signal.done:
		p.end(p.signal.why())
	}
	_ = p.signal.ws.Close()  // it may be closed already
	_ = p.pc.GracefulClose() // the other side may be gone
	for _, s := range p.allSlots() {
		s.close()
	}
	p.loops.Wait()
}

func (p *Participant) transportChanged(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		p.connectedM.Do(func() { close(p.connected) })
	case webrtc.PeerConnectionStateFailed:
		p.end(fmt.Errorf("%w: no media path to the server", ErrLost))
	}
}

// now is the time since the join began.
func (p *Participant) now() time.Duration { return time.Since(p.start) }

// ID is the participant's id in the room.
func (p *Participant) ID() string { return p.welcome.Participant }

// Welcome is what the server said at the join. It is not to be changed.
func (p *Participant) Welcome() *signaling.Welcome { return p.welcome }

// Connected is closed when media can flow, both ways.
func (p *Participant) Connected() <-chan struct{} { return p.connected }

// Done is closed when the participant has ended and all its goroutines with it.
func (p *Participant) Done() <-chan struct{} { return p.done }

// Err is why the participant ended: ErrClosed after Leave and Close, else a *ClosedError of the server or ErrLost. nil before the end.
func (p *Participant) Err() error { return context.Cause(p.life) }

// Leave tells the server goodbye, closes everything and waits until it is closed. Later calls do nothing. The error is that of the
// goodbye; the participant is closed in any case.
func (p *Participant) Leave(ctx context.Context) error {
	var err error
	if p.life.Err() == nil {
		if err = p.signal.request(ctx, signaling.TypeLeave, nil, nil); err == nil {
			p.signal.awaitEnd(ctx)
		}
	}
	p.Close()
	var closed *ClosedError
	if errors.As(err, &closed) && closed.Code == signaling.CloseNormal {
		return nil
	}
	return err
}

// Close closes everything at once, as a program that ends, and waits until it is closed.
func (p *Participant) Close() {
	p.end(ErrClosed)
	<-p.done
}

// request asks the server for something, unless the participant has ended.
func (p *Participant) request(ctx context.Context, typ string, d, out any) error {
	if err := p.Err(); err != nil {
		return fmt.Errorf("%s: %w", typ, err)
	}
	return p.signal.request(ctx, typ, d, out)
}

// View replaces what the participant wants to see: publications or participants, at the sizes at which they are shown. An empty list
// wants nothing. Before the first View the newest publications fill the slots.
func (p *Participant) View(ctx context.Context, items ...signaling.ViewItem) error {
	if items == nil {
		items = []signaling.ViewItem{}
	}
	p.mu.Lock()
	p.viewRev++
	v := signaling.View{Rev: p.viewRev, Items: items}
	p.mu.Unlock()
	return p.request(ctx, signaling.TypeView, v, nil)
}

// Send sends a message of the application: body as JSON, to the participants whose ids are given, or to the whole room.
func (p *Participant) Send(ctx context.Context, m signaling.Message) error {
	return p.request(ctx, signaling.TypeMessage, m, nil)
}

// Request sends any request of the protocol and decodes the data of its response into out, which may be nil.
func (p *Participant) Request(ctx context.Context, typ string, d, out any) error {
	return p.request(ctx, typ, d, out)
}

// keepAlive pings as the welcome tells and ends the participant when the server is not heard for too long.
func (p *Participant) keepAlive() {
	select {
	case <-p.joined:
	case <-p.life.Done():
		return
	}
	times := p.welcome.Keepalive
	if times.PingMs <= 0 {
		return
	}
	tick := time.NewTicker(time.Duration(times.PingMs) * time.Millisecond)
	defer tick.Stop()
	for n := int64(1); ; n++ {
		select {
		case <-p.life.Done():
			return
		case <-tick.C:
		}
		if dead := time.Duration(times.DeadMs) * time.Millisecond; dead > 0 && p.signal.silent() > dead {
			p.end(fmt.Errorf("%w: the server was silent for %v", ErrLost, dead))
			return
		}
		_, _ = p.signal.send(p.life, signaling.TypePing, signaling.Ping{N: n}) // a dead websocket is noticed by its reader
	}
}
