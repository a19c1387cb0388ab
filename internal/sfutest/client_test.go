package sfutest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/internal/synthetic"
	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// bot is a participant of pkg/client with what its slots have received.
type bot struct {
	*client.Participant
	link *Link

	mu     sync.Mutex
	stamps []stamp
	holes  int // packets that are missing in the numbers
	last   map[string]uint16
	events map[string]int
	fault  string
}

// joinBot brings a participant of pkg/client into the room of a World.
func joinBot(ctx context.Context, w *World, identity string, change func(*client.Config)) (*bot, error) {
	link, err := w.network.join()
	if err != nil {
		return nil, err
	}
	engine, err := client.NewEngine(client.EngineConfig{Net: link.net, Certificate: &w.certificates[0]})
	if err != nil {
		return nil, err
	}
	token, err := w.token(identity, Plan{})
	if err != nil {
		return nil, err
	}
	b := &bot{link: link, last: map[string]uint16{}, events: map[string]int{}}
	c := client.Config{
		Engine: engine, URL: "http://sfu.test", Token: token, OnPacket: b.packet,
		OnEvent: func(e client.Event) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.events[e.Type]++
		},
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return w.listener.dial(ctx, link, w.network.delay)
		},
	}
	change(&c)
	b.Participant, err = client.Join(ctx, c)
	return b, err
}

func (b *bot) packet(s *client.Slot, p *rtp.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last, ok := b.last[s.MID()]; ok {
		b.holes += int(p.SequenceNumber - last - 1)
	}
	b.last[s.MID()] = p.SequenceNumber
	if len(p.Payload) == 0 {
		return
	}
	payload := p.Payload[1:]
	if s.Media() == signaling.KindVideo {
		start := p.Payload[0]&0x10 != 0
		payload = p.Payload[vp8Descriptor:]
		if start {
			payload = payload[synthetic.VP8HeaderSize(payload):]
		}
	}
	st, ok := readStamp(payload)
	if !ok {
		b.fault = "a packet that is not what was sent"
		return
	}
	b.stamps = append(b.stamps, st)
}

// send sends frames of one camera until ctx ends, a keyframe whenever one is wanted.
func (b *bot) send(ctx context.Context, w *World, pub *client.Publication) {
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	f := vp8Frame{stamp: stamp{origin: w.origin("bot", signaling.SourceCamera), parts: 2}, width: 640, height: 360, size: packetBytes}
	for {
		if e := pub.Encoding(0); !e.Idle() {
			f.key, f.captured = e.KeyframeWanted(), w.now()
			if f.key {
				f.keyIdx++
			}
			var packets []client.Packet
			for i, payload := range f.packets() {
				packets = append(packets, client.Packet{Payload: payload, Marker: i == 1})
			}
			_ = e.Send(rtpTime(w.now(), videoRate), packets...) // it may be unpublished at this moment
			f.frame, f.needs, f.pictureID, f.tl0 = f.frame+1, f.frame, (f.pictureID+1)&0x7fff, f.tl0+1
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// What pkg/client publishes, scripted participants decode without a fault, and the other way round, also where a tenth is lost.
func TestClientOfTheProtocol(t *testing.T) {
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{Camera, Microphone}}, "alice"),
		step("a bot joins, publishes, receives, unpublishes and leaves", func(ctx context.Context, w *World) error {
			n := 0
			b, err := joinBot(ctx, w, "bot", func(c *client.Config) { c.Filter = func([]byte) bool { n++; return n%10 != 0 } })
			if err != nil {
				return err
			}
			defer b.Close()
			<-b.Connected()
			pub, err := b.Publish(ctx, client.Format{Source: signaling.SourceCamera, Codec: "vp8", Width: 640, Height: 360})
			if err != nil {
				return err
			}
			sending, stop := context.WithCancel(ctx)
			var sends sync.WaitGroup
			sends.Go(func() { b.send(sending, w, pub) })
			w.P("alice").link.Lose(Up, every(20))
			time.Sleep(5 * time.Second)
			w.P("alice").link.Lose(Up, nil)
			err = b.check(w)
			stop()
			sends.Wait()
			if err := errors.Join(err, pub.Unpublish(ctx)); err != nil {
				return err
			}
			return b.Leave(ctx)
		}),
		Runs(time.Second),
		Checks("the bot has left", func(w *World) error {
			if reason := w.P("alice").LeftBecause("bot"); reason != "left" {
				return fmt.Errorf("left because of %q", reason)
			}
			return nil
		}),
	}}.Play(t)
}

func (b *bot) check(w *World) error {
	frames := w.P("alice").Frames("bot", signaling.SourceCamera, 0)
	st := b.Stats()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.fault != "":
		return errors.New(b.fault)
	case len(frames) < 120:
		return fmt.Errorf("alice saw %d frames of the bot", len(frames))
	case len(b.stamps) < 350 || b.holes != st.Lost || st.Lost > 5 || st.Repaired < 20 || st.NACKed < 20 || st.Malformed+st.Undeclared > 0:
		return fmt.Errorf("the bot has %d packets and %d holes: %+v", len(b.stamps), b.holes, st)
	case w.Metric("transport_feedback_total") < 80: // alice and the bot, ten a second
		return fmt.Errorf("the server got %.0f packets of feedback", w.Metric("transport_feedback_total"))
	case st.RTT < 10*time.Millisecond-2*time.Second/65536 || st.RTT > 20*time.Millisecond: // two times of RTCP, of 1/65536 s each
		return fmt.Errorf("round trip %v", st.RTT)
	case len(b.Participants()) != 2 || b.events[signaling.TypePublicationAdded] != 1:
		return fmt.Errorf("the bot knows %d participants, events %v", len(b.Participants()), b.events)
	}
	return nil
}

// A server that ends a session, and one that is refused, leave nothing behind: Play looks for goroutines.
func TestClientIsClosedByTheServer(t *testing.T) {
	Scenario{Steps: []Step{
		step("the server stops", func(ctx context.Context, w *World) error {
			b, err := joinBot(ctx, w, "bot", func(*client.Config) {})
			if err != nil {
				return err
			}
			if _, err := b.Publish(ctx, client.Format{Source: signaling.SourceCamera, Codec: "theora"}); !errors.Is(err, client.ErrCodec) {
				return fmt.Errorf("an unknown codec: %v", err)
			}
			if err := w.CloseServer(); err != nil {
				return err
			}
			<-b.Done()
			var closed *client.ClosedError
			if !errors.As(b.Err(), &closed) {
				return fmt.Errorf("ended with %v", b.Err())
			}
			return nil
		}),
	}}.Play(t)
}

// More cameras than slots: the server wants slots, and they are offered. A bot that is left alone stays, and its m-lines are used again.
func TestClientGrowsItsSlotsAndStays(t *testing.T) {
	t.Parallel()
	camera := Plan{Publish: []Format{Camera}}
	Scenario{Steps: []Step{
		Joins(camera, "alice", "carol", "dave"),
		step("a bot with one slot sees all three", func(ctx context.Context, w *World) error {
			b, err := joinBot(ctx, w, "bot", func(c *client.Config) { c.Slots = client.Slots{Audio: -1, Video: 1} })
			if err != nil {
				return err
			}
			defer b.Close()
			var items []signaling.ViewItem
			for _, p := range b.Participants() {
				if p.ID != b.ID() {
					items = append(items, signaling.ViewItem{Participant: p.ID, Width: 320, Height: 180})
				}
			}
			if err := b.View(ctx, items...); err != nil {
				return err
			}
			time.Sleep(20 * time.Second)
			shown := map[string]bool{}
			for _, s := range b.Slots() {
				shown[s.Shows().Participant] = s.Shows().State == signaling.SlotLive && s.Stats().Packets > 300
			}
			if len(b.Slots()) != 4 || len(shown) != 4 || b.Err() != nil {
				return fmt.Errorf("%d slots show %v: %v", len(b.Slots()), shown, b.Err())
			}
			return errors.Join(b.publishesAgain(ctx), b.Leave(ctx))
		}),
	}}.Play(t)
}

func (b *bot) publishesAgain(ctx context.Context) error {
	f := client.Format{Source: signaling.SourceCamera, Encodings: []signaling.EncodingOffer{{RID: "a"}, {RID: "b"}}}
	first, err := b.Publish(ctx, f)
	if err != nil {
		return err
	}
	if err := first.Unpublish(ctx); err != nil {
		return err
	}
	second, err := b.Publish(ctx, f)
	if err != nil {
		return err
	}
	if len(b.Publications()) != 1 || second.ID() == "" || second.Encoding(1).Idle() || second.Encoding(1).SSRC() != first.Encoding(1).SSRC() {
		return fmt.Errorf("%d publications, %+v", len(b.Publications()), second)
	}
	var refused *client.RequestError
	if _, err := b.Publish(ctx, f); !errors.As(err, &refused) || refused.Code != string(signaling.CodePublicationDuplicate) {
		return fmt.Errorf("the same source twice: %v", err)
	}
	return nil
}

// A bot that the server cannot hear any more ends by itself.
func TestClientNoticesThatTheServerIsSilent(t *testing.T) {
	Scenario{Steps: []Step{
		step("the network of a bot stops", func(ctx context.Context, w *World) error {
			b, err := joinBot(ctx, w, "bot", func(*client.Config) {})
			if err != nil {
				return err
			}
			time.Sleep(time.Second)
			b.link.Silence(Signaling, true)
			start := w.now()
			<-b.Done()
			if took := w.now() - start; !errors.Is(b.Err(), client.ErrLost) || took > 15*time.Second {
				return fmt.Errorf("after %v: %v", took, b.Err())
			}
			b.link.Silence(Signaling, false)
			return nil
		}),
	}}.Play(t)
}
