package mediabench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ForwardConfig says how forwarding is measured.
type ForwardConfig struct {
	Launch   Launcher
	Viewers  int           // 1 or more
	Frame    int           // packets of one frame, 1 to 40
	Workers  int           // processors of each subject
	Size     int           // bytes of an RTP packet
	Bitrate  int           // bit/s that each viewer gets; 0: 30 frames a second, or 50 of one packet
	Rounds   int           // of each subject
	Duration time.Duration // of a round
	Feedback time.Duration // from one transport-wide feedback of a viewer to the next; 0: 100 ms
	// Profile is the file for a CPU profile of our server at the pace of the rounds; with .join, while the viewers join; with .flood, as
	// fast as it forwards; each with .allocs, what was allocated since the start, and with .allocs-before, what was when it began. Empty:
	// none.
	Profile  string
	Progress func(format string, args ...any)
}

// ForwardResult is one row. Times are CPU time of the subject's process; each is the median of its rounds.
type ForwardResult struct {
	Viewers int `json:"viewers"`
	Frame   int `json:"frame"`
	Workers int `json:"workers"`
	Size    int `json:"size"`
	Rounds  int `json:"rounds"`

	Cost            float64 `json:"us_per_packet"`
	FloorCost       float64 `json:"floor_us_per_packet"`
	FloorRatio      float64 `json:"floor_ratio"` // floor / ours
	StockCost       float64 `json:"stock_pion_us_per_packet"`
	Speedup         float64 `json:"speedup_vs_stock"` // stock / ours
	Allocs          float64 `json:"allocs_per_packet"`
	FrameReached    float64 `json:"frame_reached"` // packets to one viewer in one message
	LatencyP50      float64 `json:"latency_p50_ms"`
	LatencyP99      float64 `json:"latency_p99_ms"`
	OfferedRate     float64 `json:"offered_packets_per_second"`  // if all is forwarded at the pace of the rounds
	MeasuredRate    float64 `json:"measured_packets_per_second"` // what was, in the rounds
	Arrived         float64 `json:"arrived_ratio"`               // of what was sent in the rounds
	MaxRate         float64 `json:"packets_per_second"`          // as fast as the server forwards
	MaxRateCost     float64 `json:"flood_us_per_packet"`         // then
	MaxRateAllocs   float64 `json:"flood_allocs_per_packet"`     // then
	MaxRateReached  float64 `json:"flood_frame_reached"`         // then
	CPUOfRounds     float64 `json:"cpu_ratio"`                   // of one processor, in the rounds
	BitrateOfViewer float64 `json:"viewer_bitrate"`              // bit/s, of RTP, in the rounds
}

const (
	warmUp        = 400 * time.Millisecond // before a round
	settleWindow  = 500 * time.Millisecond
	settleLimit   = 10 * time.Second
	settledRatio  = 0.97
	floodRounds   = 3
	floodDuration = 700 * time.Millisecond
	floodProfile  = 5 * time.Second
	paceProfile   = 20 * time.Second // the server is idle for most of it
)

func (c *ForwardConfig) check() error {
	switch {
	case c.Viewers < 1 || c.Viewers > 5000:
		return fmt.Errorf("%w: %d viewers: 1 to 5000 can be measured", ErrConfig, c.Viewers)
	case c.Frame < 1 || c.Frame > maxFrame:
		return fmt.Errorf("%w: frames of %d packets: 1 to %d can be measured", ErrConfig, c.Frame, maxFrame)
	case c.Size < minSize || c.Size > 1400:
		return fmt.Errorf("%w: packets of %d bytes: %d to 1400 can be measured", ErrConfig, c.Size, minSize)
	case c.Workers < 1 || c.Rounds < 1 || c.Duration < 50*time.Millisecond:
		return fmt.Errorf("%w: workers and rounds are at least 1, a round at least 50ms long", ErrConfig)
	case c.Bitrate < 0 || c.Feedback < 0:
		return fmt.Errorf("%w: a bitrate and a time are not negative", ErrConfig)
	}
	return nil
}

// period is the time from one frame to the next.
func (c *ForwardConfig) period() time.Duration {
	switch {
	case c.Bitrate > 0:
		return time.Duration(float64(8*c.Size*c.Frame) / float64(c.Bitrate) * float64(time.Second))
	case c.Frame == 1:
		return time.Second / 50
	}
	return time.Second / 30
}

// forwarding is one measurement that goes on.
type forwarding struct {
	*load
	cfg      ForwardConfig
	subjects []*subject
	server   *subject
}

// Forward measures what a forwarded packet costs. It takes about a minute for 200 viewers and the usual rounds.
func Forward(ctx context.Context, c ForwardConfig) (result ForwardResult, err error) {
	if err := c.check(); err != nil {
		return result, err
	}
	l, err := newLoad(ctx)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	f := &forwarding{load: l, cfg: c}
	if err := f.open(); err != nil {
		return result, err
	}
	if err := f.measure(); err != nil {
		return result, err
	}
	return f.finish()
}

// open starts all subjects and lets everybody join.
func (f *forwarding) open() error {
	for _, s := range [...]struct {
		name string
		join func(Ready) joiner
	}{{SubjectServer, joinServer}, {SubjectStock, joinStock}} {
		one, err := f.openJoined(s.name, s.join)
		if err != nil {
			return err
		}
		f.subjects = append(f.subjects, one)
	}
	f.server = f.subjects[0]
	floor := &subject{pattern: Pattern{Frame: f.cfg.Frame, Size: f.cfg.Size, Period: f.cfg.period()}}
	var err error
	if floor.child, err = f.launch(f.cfg.Launch, SubjectFloor, f.cfg.Workers); err != nil {
		return err
	}
	floor.pattern.To, err = f.bareViewers(&floor.audience, f.cfg.Viewers)
	f.subjects = append(f.subjects, floor)
	return err
}

func (f *forwarding) openJoined(name string, join func(Ready) joiner) (*subject, error) {
	s := &subject{}
	var err error
	if s.child, err = f.launch(f.cfg.Launch, name, f.cfg.Workers); err != nil {
		return nil, err
	}
	if s.publisher, err = f.openPublisher(f.cfg.Frame, f.cfg.Size); err != nil {
		return nil, err
	}
	s.audience.shows = s.publisher.calendar
	if err = f.publish(join(s.ready), "publisher", s.publisher); err != nil {
		return nil, err
	}
	if err := f.join(s, join(s.ready)); err != nil {
		return nil, err
	}
	return s, f.settle(s)
}

// join lets the viewers join, and tells what that took of both sides.
func (f *forwarding) join(s *subject, join joiner) error {
	profiled := f.cfg.Profile != "" && s.name == SubjectServer
	if profiled {
		if _, err := s.do(f.ctx, command{Do: "profile", File: f.cfg.Profile + ".join"}); err != nil {
			return err
		}
	}
	began := time.Now()
	before, err := s.sample(f.ctx)
	if err != nil {
		return err
	}
	own, err := processTime()
	if err != nil {
		return err
	}
	if s.viewers, err = f.view(join, &s.audience, f.cfg.Viewers, f.cfg.Feedback); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := s.sample(f.ctx)
	if err != nil {
		return err
	}
	now, err := processTime()
	if err != nil {
		return err
	}
	f.cfg.Progress("%s: %d viewers joined in %v; it took %v of a processor, the load %v", s.name, f.cfg.Viewers, took.Round(10*time.Millisecond),
		time.Duration(after.Before.CPU-before.After.CPU).Round(10*time.Millisecond), time.Duration(now-own).Round(10*time.Millisecond))
	if profiled {
		_, err = s.do(f.ctx, command{Do: "profiled"})
	}
	return err
}

// settle waits until a subject forwards what it gets: until then viewers wait for keyframes, or for more bandwidth.
func (f *forwarding) settle(s *subject) error {
	s.publisher.setPeriod(f.cfg.period())
	defer s.publisher.setPeriod(idlePeriod)
	began := time.Now()
	for time.Since(began) < settleLimit {
		before, at := s.audience.packets.Load(), time.Now()
		if err := f.wait(min(settleWindow, max(f.cfg.Duration, 4*f.cfg.period()))); err != nil {
			return err
		}
		rate := float64(s.audience.packets.Load()-before) / time.Since(at).Seconds()
		if rate > settledRatio*f.offered() {
			return nil
		}
	}
	f.cfg.Progress("%s: not all is forwarded after %v", s.name, settleLimit)
	return nil
}

// offered is how many packets a second reach viewers if all are forwarded.
func (f *forwarding) offered() float64 {
	return float64(f.cfg.Viewers*f.cfg.Frame) / f.cfg.period().Seconds()
}

// measure runs the rounds, the subjects in turn: each round begins with another one.
func (f *forwarding) measure() error {
	for r := range f.cfg.Rounds {
		f.cfg.Progress("round %d of %d", r+1, f.cfg.Rounds)
		for i := range f.subjects {
			s := f.subjects[(r+i)%len(f.subjects)]
			one, err := f.round(s)
			if err != nil {
				return err
			}
			s.rounds = append(s.rounds, one)
		}
	}
	return nil
}

// round measures one subject at the pace of the rounds.
func (f *forwarding) round(s *subject) (round, error) {
	if s.publisher == nil {
		if _, err := s.do(f.ctx, command{Do: "start", Pattern: s.pattern}); err != nil {
			return round{}, err
		}
	} else {
		s.publisher.setPeriod(f.cfg.period())
		defer s.publisher.setPeriod(idlePeriod)
	}
	one, err := f.span(s, min(warmUp, f.cfg.Duration), f.cfg.Duration)
	if s.publisher == nil && err == nil {
		_, err = s.do(f.ctx, command{Do: "stop"})
	}
	return one, err
}

// finish measures our server at full load and makes the row.
func (f *forwarding) finish() (r ForwardResult, err error) {
	c, s := &f.cfg, f.server
	r = ForwardResult{Viewers: c.Viewers, Frame: c.Frame, Workers: c.Workers, Size: c.Size, Rounds: c.Rounds, OfferedRate: f.offered()}
	if r.Arrived, err = f.arrived(s); err != nil {
		return r, err
	}
	if err := f.profilePace(); err != nil {
		return r, err
	}
	flooded, err := f.flood()
	if err != nil {
		return r, err
	}
	r.Cost, r.StockCost, r.FloorCost = of(s.rounds, costOf), of(f.subjects[1].rounds, costOf), of(f.subjects[2].rounds, costOf)
	r.FloorRatio, r.Speedup = r.FloorCost/r.Cost, r.StockCost/r.Cost
	r.Allocs, r.FrameReached = of(s.rounds, allocsOf), of(s.rounds, reachedOf)
	r.MeasuredRate, r.CPUOfRounds = of(s.rounds, rateOf), of(s.rounds, func(o *round) float64 { return o.cpu })
	if share := r.MeasuredRate / r.OfferedRate; share < settledRatio-0.05 {
		c.Progress("only %.0f %% of what was offered was forwarded in the rounds: the server, or this machine, has no time for more", 100*share)
	}
	r.LatencyP50 = of(s.rounds, func(o *round) float64 { return o.p50.Seconds() * 1e3 })
	r.LatencyP99 = of(s.rounds, func(o *round) float64 { return o.p99.Seconds() * 1e3 })
	r.MaxRate, r.MaxRateCost, r.MaxRateAllocs, r.MaxRateReached = of(flooded, rateOf), of(flooded, costOf), of(flooded, allocsOf), of(flooded, reachedOf)
	r.BitrateOfViewer = r.MeasuredRate * float64(8*c.Size) / float64(c.Viewers)
	return r, nil
}

// arrived is the share of what our server has sent since it started that its viewers have got. Their sockets are read 50 times a second:
// at the idle pace nothing is under way then.
func (f *forwarding) arrived(s *subject) (float64, error) {
	if err := f.wait(5 * pumpEvery); err != nil {
		return 0, err
	}
	to, err := s.sample(f.ctx)
	if err != nil {
		return 0, err
	}
	return float64(s.audience.packets.Load()) / float64(max(1, to.Sent)), f.wait(0)
}

// flood lets the publisher send as fast as our server forwards.
func (f *forwarding) flood() (rounds []round, err error) {
	s := f.server
	f.cfg.Progress("as fast as it forwards")
	s.publisher.flood.Store(newFlood(f.pump, s.viewers, f.cfg.Frame))
	s.publisher.wake()
	defer s.publisher.flood.Store(nil)
	for range floodRounds {
		one, err := f.span(s, min(warmUp, f.cfg.Duration), min(floodDuration, f.cfg.Duration))
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, one)
	}
	return rounds, f.profile(s.child, ".flood", floodProfile)
}

// profile writes a CPU profile of a subject that is at work, if one is asked for.
func (f *forwarding) profile(c *child, suffix string, length time.Duration) error {
	if f.cfg.Profile == "" {
		return nil
	}
	f.cfg.Progress("profile of %v", length)
	if _, err := c.do(f.ctx, command{Do: "profile", File: f.cfg.Profile + suffix}); err != nil {
		return err
	}
	if err := f.wait(length); err != nil {
		return err
	}
	_, err := c.do(f.ctx, command{Do: "profiled"})
	return err
}

// profilePace writes the profile at the pace of the rounds.
func (f *forwarding) profilePace() error {
	if f.cfg.Profile == "" {
		return nil
	}
	f.server.publisher.setPeriod(f.cfg.period())
	defer f.server.publisher.setPeriod(idlePeriod)
	if err := f.wait(warmUp); err != nil {
		return err
	}
	return f.profile(f.server.child, "", paceProfile)
}
