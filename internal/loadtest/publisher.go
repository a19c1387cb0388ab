package loadtest

import (
	"context"
	"time"

	"github.com/heliograph/heliograph/internal/synthetic"
	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// publisher sends one publication at its pace.
type publisher struct {
	test     *test
	pub      *client.Publication
	encoders []*synthetic.Encoder
}

// loudness of microphones, in dBov below the loudest: a voice.
const loudness = 30

// publish makes media until ctx ends, and starts when there is a way to the server, as browsers do.
func (t *test) publish(ctx context.Context, p *client.Participant, identity string) error {
	for _, pub := range p.Publications() {
		encoders, err := t.config.encoders(identity, pub.Format().Source)
		if err != nil {
			return err
		}
		q := &publisher{test: t, pub: pub, encoders: encoders}
		t.loops.Go(func() { q.run(ctx) })
	}
	return nil
}

func (q *publisher) run(ctx context.Context) {
	fps := videoFPS
	if q.pub.Format().Source == signaling.SourceMicrophone {
		fps = audioFPS
	}
	every := time.Second / time.Duration(fps)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for before := q.test.now(); ; {
		now := q.test.now()
		if q.test.measuring(now) {
			q.test.delay.add(max(0, now-before-every))
		}
		before = now
		q.step(now)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// step sends one frame of each encoding.
func (q *publisher) step(now time.Duration) {
	for i, e := range q.pub.Encodings() {
		if e.Idle() {
			continue
		}
		made := q.encoders[i].Next(now, e.KeyframeWanted())
		packets := make([]client.Packet, 0, len(made))
		for _, m := range made {
			p := client.Packet{Payload: m.Payload, Marker: m.Marker, Descriptor: m.Descriptor}
			if q.pub.Format().Source == signaling.SourceMicrophone {
				p.Level, p.Voice = loudness, true
			}
			packets = append(packets, p)
		}
		timestamp := uint32(int64(now) * int64(e.ClockRate()) / int64(time.Second))
		_ = e.Send(timestamp, packets...) // the participant may end at this moment
	}
}
