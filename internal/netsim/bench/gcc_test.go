package bench

import (
	"encoding/binary"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/gcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/bwe"
)

const (
	transportCC   = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	transportCCID = 5
	gccSSRC       = 2
	rtpHeaderSize = 20 // with the extension
)

// gccControl is the congestion control of pion/interceptor as it comes: NewSendSideBWE with its own leaky bucket pacer
// and the bounds and the start rate of ours. It reads the clock and has goroutines, so it runs in a bubble of
// testing/synctest, whose clock follows the simulation.
type gccControl struct {
	estimator *gcc.SendSideBWE
	writer    interceptor.RTPWriter
	send      sendFunc
	clock     *bubble
	next      uint16 // transport-wide number

	mu     sync.Mutex // guards what the goroutine of the pacer touches
	pushed []bwe.Item // in the pacer
	passed []bwe.Item // left the pacer
}

func (g *gccControl) target() bwe.Bitrate { return bwe.Bitrate(g.estimator.GetTargetBitrate()) }

func (g *gccControl) demand(time.Duration, bwe.Demand) {}

// push gives a packet to the pacer, as an interceptor chain with the extension of transport-wide numbers does.
func (g *gccControl) push(_ time.Duration, item bwe.Item) {
	number := binary.BigEndian.AppendUint16(nil, g.next)
	header := &rtp.Header{Version: 2, SSRC: gccSSRC, SequenceNumber: g.next}
	if err := header.SetExtension(transportCCID, number); err != nil {
		panic(err)
	}
	g.next++
	g.mu.Lock()
	g.pushed = append(g.pushed, item)
	g.mu.Unlock()
	payload := make([]byte, max(1, item.Size-udpHeader-rtpHeaderSize))
	if _, err := g.writer.Write(header, payload, interceptor.Attributes{}); err != nil {
		panic(err)
	}
}

// left is called by the goroutine of the pacer, first in, first out.
func (g *gccControl) left(header *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passed, g.pushed = append(g.passed, g.pushed[0]), g.pushed[1:]
	g.clock.wake()
	return header.MarshalSize() + len(payload), nil
}

// flush puts what has left the pacer on the link.
func (g *gccControl) flush(now time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, item := range g.passed {
		g.send(now, item)
	}
	g.passed = g.passed[:0]
}

func (g *gccControl) pump(time.Duration, bool) time.Duration { return 0 }

func (g *gccControl) hear(_ time.Duration, raw []byte, _ int64) {
	var feedback rtcp.TransportLayerCC
	if err := feedback.Unmarshal(raw); err != nil {
		panic(err)
	}
	if err := g.estimator.WriteRTCP([]rtcp.Packet{&feedback}, nil); err != nil {
		panic(err)
	}
	synctest.Wait()
}

// bubble drives a simulation by the clock of a synctest bubble.
type bubble struct {
	start    time.Time
	woken    chan struct{} // something has left a pacer
	controls []*gccControl
}

func (b *bubble) now() time.Duration { return time.Since(b.start) }

func (b *bubble) wake() {
	select {
	case b.woken <- struct{}{}:
	default:
	}
}

func (b *bubble) newControl(t *testing.T) func(bounds, sendFunc) control {
	return func(limits bounds, send sendFunc) control {
		estimator, err := gcc.NewSendSideBWE(gcc.SendSideBWEInitialBitrate(int(limits.first)),
			gcc.SendSideBWEMinBitrate(int(limits.least)), gcc.SendSideBWEMaxBitrate(int(limits.most)))
		if err != nil {
			t.Fatal(err)
		}
		g := &gccControl{estimator: estimator, send: send, clock: b}
		g.writer = estimator.AddStream(&interceptor.StreamInfo{
			SSRC:                gccSSRC,
			RTPHeaderExtensions: []interceptor.RTPHeaderExtension{{URI: transportCC, ID: transportCCID}},
		}, interceptor.RTPWriterFunc(g.left))
		b.controls = append(b.controls, g)
		return g
	}
}

// run plays a world up to a time. Whatever is due in goroutines of gcc at a time comes before the events of that time.
func (b *bubble) run(w *world, until time.Duration) {
	for {
		next, ok := w.sim.Next()
		if !ok || next > until {
			next = until
		}
		select {
		case <-time.After(next - b.now()):
		case <-b.woken:
		}
		synctest.Wait()
		now := b.now()
		w.sim.Run(now)
		for _, g := range b.controls {
			g.flush(now)
		}
		if now >= until {
			return
		}
		if now == next {
			w.sim.Run(now + 1)
		}
	}
}

// runGCC plays a case with a seed and gcc.
func runGCC(t *testing.T, c Case, seed uint64) (r Result) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{start: time.Now(), woken: make(chan struct{}, 1)}
		w := newWorld(c, seed, b.newControl(t))
		b.run(w, c.Duration)
		r = w.result()
		for _, g := range b.controls {
			if err := g.estimator.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}
