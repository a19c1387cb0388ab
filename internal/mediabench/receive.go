package mediabench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ReceiveConfig says how receiving is measured.
type ReceiveConfig struct {
	Launch     Launcher
	Publishers int           // 1 or more
	Rate       int           // packets a second of all publishers
	Frame      int           // packets of one frame, 1 to 40
	Workers    int           // processors of each subject
	Size       int           // bytes of an RTP packet
	Rounds     int           // of each subject
	Duration   time.Duration // of a round
	Progress   func(format string, args ...any)
}

// ReceiveResult is what a received packet costs, in CPU time of the subject's process; each is the median of its rounds.
type ReceiveResult struct {
	Publishers int `json:"publishers"`
	Rate       int `json:"rate"`
	Frame      int `json:"frame"`
	Workers    int `json:"workers"`
	Size       int `json:"size"`
	Rounds     int `json:"rounds"`

	Cost         float64 `json:"us_per_packet"`            // while nobody subscribes
	ViewedCost   float64 `json:"viewed_us_per_packet"`     // while one viewer has one of the publications; what it gets is paid for, too
	StockCost    float64 `json:"stock_pion_us_per_packet"` // by a program that reads its tracks
	Speedup      float64 `json:"speedup_vs_stock"`
	Allocs       float64 `json:"allocs_per_packet"`
	MeasuredRate float64 `json:"packets_per_second"` // that our server received
}

func (c *ReceiveConfig) check() error {
	switch {
	case c.Publishers < 1 || c.Publishers > 500:
		return fmt.Errorf("%w: %d publishers: 1 to 500 can be measured", ErrConfig, c.Publishers)
	case c.Frame < 1 || c.Frame > maxFrame:
		return fmt.Errorf("%w: frames of %d packets: 1 to %d can be measured", ErrConfig, c.Frame, maxFrame)
	case c.Size < minSize || c.Size > 1400:
		return fmt.Errorf("%w: packets of %d bytes: %d to 1400 can be measured", ErrConfig, c.Size, minSize)
	case c.Rate < c.Publishers || c.Rate > 1_000_000:
		return fmt.Errorf("%w: %d packets a second: one of each publisher to 1000000 can be measured", ErrConfig, c.Rate)
	case c.Workers < 1 || c.Rounds < 1 || c.Duration < 50*time.Millisecond:
		return fmt.Errorf("%w: workers and rounds are at least 1, a round at least 50ms long", ErrConfig)
	}
	return nil
}

// period is the time from one frame of a publisher to its next.
func (c *ReceiveConfig) period() time.Duration {
	return time.Duration(float64(c.Publishers*c.Frame) / float64(c.Rate) * float64(time.Second))
}

// receiving is one measurement that goes on.
type receiving struct {
	*load
	cfg        ReceiveConfig
	publishers map[*subject][]*publisher
}

// Receive measures what a received packet costs.
func Receive(ctx context.Context, c ReceiveConfig) (result ReceiveResult, err error) {
	if err := c.check(); err != nil {
		return result, err
	}
	l, err := newLoad(ctx)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r := &receiving{load: l, cfg: c, publishers: map[*subject][]*publisher{}}
	ours, err := r.open(SubjectServer, joinServer)
	if err != nil {
		return result, err
	}
	stock, err := r.open(SubjectStock, joinStock)
	if err != nil {
		return result, err
	}
	if err := r.measure(ours, stock); err != nil {
		return result, err
	}
	result = ReceiveResult{
		Publishers: c.Publishers, Rate: c.Rate, Frame: c.Frame, Workers: c.Workers, Size: c.Size, Rounds: c.Rounds,
		Cost: of(ours.rounds, costOf), StockCost: of(stock.rounds, costOf), Allocs: of(ours.rounds, allocsOf), MeasuredRate: of(ours.rounds, rateOf),
	}
	result.Speedup = result.StockCost / result.Cost
	if _, err := r.view(joinServer(ours.ready), &ours.audience, 1, 0); err != nil {
		return result, err
	}
	ours.rounds = nil
	if err := r.measure(ours); err != nil {
		return result, err
	}
	result.ViewedCost = of(ours.rounds, costOf)
	return result, nil
}

// open starts a subject with its publishers.
func (r *receiving) open(name string, join func(Ready) joiner) (*subject, error) {
	s := &subject{receives: true}
	var err error
	if s.child, err = r.launch(r.cfg.Launch, name, r.cfg.Workers); err != nil {
		return nil, err
	}
	for i := range r.cfg.Publishers {
		p, err := r.openPublisher(r.cfg.Frame, r.cfg.Size)
		if err != nil {
			return nil, err
		}
		if err := r.publish(join(s.ready), fmt.Sprintf("publisher%d", i), p); err != nil {
			return nil, err
		}
		r.publishers[s] = append(r.publishers[s], p)
	}
	r.cfg.Progress("%s: %d publishers joined", name, r.cfg.Publishers)
	return s, nil
}

// measure runs the rounds of subjects in turn.
func (r *receiving) measure(subjects ...*subject) error {
	for n := range r.cfg.Rounds {
		r.cfg.Progress("round %d of %d", n+1, r.cfg.Rounds)
		for i := range subjects {
			s := subjects[(n+i)%len(subjects)]
			one, err := r.round(s)
			if err != nil {
				return err
			}
			s.rounds = append(s.rounds, one)
		}
	}
	return nil
}

func (r *receiving) round(s *subject) (round, error) {
	for _, p := range r.publishers[s] {
		p.setPeriod(r.cfg.period())
		defer p.setPeriod(idlePeriod)
	}
	return r.span(s, min(warmUp, r.cfg.Duration), r.cfg.Duration)
}
