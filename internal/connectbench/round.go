package connectbench

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
)

// roomSize is how many participants share a room in the first phase. Who joins is told to all who are there, so larger rooms cost more.
const roomSize = 5

// staying is for how long it is measured what participants cost who have joined.
const staying = time.Second

// round is what one server has cost.
type round struct {
	join       float64 // seconds of CPU
	resident   float64 // bytes of a viewer
	heap       float64
	stacks     float64
	goroutines float64
}

// measure runs both phases with a new server.
func measure(ctx context.Context, c *Config, slots SlotCount, profile string) (r round, err error) {
	cmd, err := c.Launch(ctx)
	if err != nil {
		return r, err
	}
	s, err := startServer(cmd)
	if err != nil {
		return r, err
	}
	defer s.stop()
	engine, err := client.NewEngine(client.EngineConfig{LocalIP: func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil }})
	if err != nil {
		return r, err
	}
	all := &crew{engine: engine, ready: s.Ready}
	defer func() {
		if err != nil {
			return // the server ends without a goodbye
		}
		all.leave(ctx)
	}()
	viewer := client.Config{Slots: client.Slots{Audio: orNone(slots.Audio), Video: orNone(slots.Video), Fixed: true}}
	if err := r.joins(ctx, c, s, all, viewer, profile); err != nil {
		return r, err
	}
	all.leave(ctx)
	return r, r.memory(ctx, c, s, all, viewer, slots, profile)
}

// orNone writes a count as client.Slots does.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// joins is the first phase. A few join before, so that nothing is counted that happens once. What those who have joined cost by their
// being there (checks of paths, reports, feedback) is measured afterwards, and taken off: on average half of them were there.
func (r *round) joins(ctx context.Context, c *Config, s *server, all *crew, viewer client.Config, profile string) error {
	room := func(i int) string { return fmt.Sprint("room", i/roomSize) }
	if _, err := all.joinAll(ctx, roomSize, "early", func(int) string { return "early" }, viewer); err != nil {
		return err
	}
	before, err := s.sample(askMemory) // which collects the garbage of the start
	if err != nil {
		return err
	}
	if err := s.profile(profile, askProfile, ""); err != nil {
		return err
	}
	if before, err = s.sample(askCPU); err != nil {
		return err
	}
	began := time.Now()
	if _, err := all.joinAll(ctx, c.Joins, "viewer", room, viewer); err != nil {
		return err
	}
	joining := time.Since(began).Seconds()
	if err := pause(ctx, settlePause); err != nil { // the server has some work left when we are connected
		return err
	}
	after, err := s.sample(askCPU)
	if err != nil {
		return err
	}
	if err := pause(ctx, staying); err != nil {
		return err
	}
	later, err := s.sample(askCPU)
	if err != nil {
		return err
	}
	if err := s.profile(profile, askProfileEnd, ""); err != nil {
		return err
	}
	perSecond := (later.CPU - after.CPU) / staying.Seconds()
	r.join = max(after.CPU-before.CPU-perSecond*(joining/2+settlePause.Seconds()), 0) / float64(c.Joins)
	return nil
}

// memory is the second phase.
func (r *round) memory(ctx context.Context, c *Config, s *server, all *crew, viewer client.Config, slots SlotCount, profile string) error {
	const room = "stage"
	here := func(int) string { return room }
	stage, err := all.publish(ctx, room, slots)
	if err != nil {
		return err
	}
	first, err := all.joinAll(ctx, 1, "first", here, viewer)
	if err != nil {
		return err
	}
	if err := show(ctx, c, stage, first); err != nil {
		return err
	}
	if err := stage.fill(ctx); err != nil {
		return err
	}
	if err := show(ctx, c, stage, first); err != nil {
		return err
	}
	if err := s.profile(profile, askHeap, ".heap-before"); err != nil {
		return err
	}
	before, err := s.sample(askMemory)
	if err != nil {
		return err
	}
	n := slots.viewers(c.Joins)
	viewers, err := all.joinAll(ctx, n, "viewer", here, viewer)
	if err != nil {
		return err
	}
	if err := show(ctx, c, stage, viewers); err != nil {
		return err
	}
	after, err := s.sample(askMemory)
	if err != nil {
		return err
	}
	if err := s.profile(profile, askHeap, ".heap"); err != nil {
		return err
	}
	each := func(a, b int64) float64 { return float64(b-a) / float64(n) }
	r.resident, r.heap, r.stacks = each(before.Resident, after.Resident), each(before.Heap, after.Heap), each(before.Stacks, after.Stacks)
	r.goroutines = float64(after.Goroutines-before.Goroutines) / float64(n)
	return nil
}

// show lets the viewers see the stage for a while.
func show(ctx context.Context, c *Config, s *stage, viewers []*client.Participant) error {
	playing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.play(playing)
	}()
	err := awaitMedia(ctx, viewers)
	if err == nil {
		err = pause(ctx, c.Media)
	}
	stop()
	<-done
	if err == nil {
		err = pause(ctx, settlePause)
	}
	return err
}
