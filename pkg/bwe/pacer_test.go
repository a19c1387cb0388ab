package bwe

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// drainPacer pops all that is due by a time, and notes when.
func drainPacer(p *Pacer, now, until time.Duration) (at []time.Duration, items []Item) {
	for {
		for item, ok := p.Pop(now); ok; item, ok = p.Pop(now) {
			at, items = append(at, now), append(items, item)
		}
		next, ok := p.Next(now)
		if !ok || next > until {
			return at, items
		}
		now = max(next, now)
	}
}

func busyPath(target Bitrate) State {
	return State{Target: target, Pacing: target.scale(paceFactor), Queue: 20 * time.Millisecond}
}

func TestPacerOrder(t *testing.T) {
	p := NewPacer(Mbps)
	p.SetState(busyPath(Mbps))
	for i, k := range []Kind{Padding, FEC, Screen, Video, RTX, AudioRTX, Audio, Audio} {
		p.Push(0, Item{Ref: i, Kind: k, Size: 1000})
	}
	_, items := drainPacer(p, 0, time.Second)
	var refs []int
	for _, item := range items {
		refs = append(refs, item.Ref)
	}
	if want := []int{6, 7, 5, 4, 2, 3, 1, 0}; !slices.Equal(refs, want) {
		t.Errorf("sent %v, want %v", refs, want)
	}
	if p.Push(0, Item{Kind: kinds, Size: 1}) || p.Push(0, Item{Kind: Video}) {
		t.Error("took what it cannot send")
	}
}

func TestAudioDoesNotWait(t *testing.T) {
	p := NewPacer(100 * Kbps)
	for range 50 {
		p.Push(0, Item{Kind: Video, Size: 1200})
	}
	for now := time.Duration(0); now < time.Second; now += 20 * time.Millisecond {
		p.Push(now, Item{Kind: Audio, Size: 100})
		if item, ok := p.Pop(now); !ok || item.Kind != Audio {
			t.Fatalf("audio waits at %v", now)
		}
		drainPacer(p, now, now)
	}
}

// Audio that takes more than the rate leaves no debt: a probe goes out at once, and what is queued when there is room again.
func TestAudioLeavesNoDebt(t *testing.T) {
	p := NewPacer(20 * Kbps)
	now := time.Duration(0)
	for ; now < 15*time.Second; now += 20 * time.Millisecond {
		if !p.Pass(now, &Item{Kind: Audio, Size: 157}) {
			t.Fatalf("at %v audio waits", now)
		}
	}
	p.StartProbe(Probe{ID: 1, Rate: Mbps, Bytes: 3000, Size: 300, Until: now + 80*time.Millisecond})
	p.Push(now, Item{Kind: Padding, Size: 300})
	if at, _ := p.Next(now); at > now+audioAhead {
		t.Errorf("a probe waits for %v", at-now)
	}
	if item, ok := p.Pop(now + audioAhead); !ok || item.Probe != 1 {
		t.Errorf("%+v, %v", item, ok)
	}
}

// Over time no more goes out than the pacing rate and one burst, and no less while something waits.
func TestPacerKeepsTheRate(t *testing.T) {
	chance := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		rate := Bitrate(100+chance.IntN(20_000)) * Kbps
		p := NewPacer(rate)
		p.SetState(busyPath(rate))
		total := 0
		for range 200 {
			size := 100 + chance.IntN(1100)
			total += size
			p.Push(0, Item{Kind: Video, Size: size})
		}
		at, items := drainPacer(p, 0, time.Hour)
		sent, pacing := 0, rate.scale(paceFactor)
		for i := range items {
			sent += items[i].Size
			if most := pacing.Bytes(at[i]) + pacing.Bytes(burstTime) + 2*1200; sent > most {
				t.Fatalf("at %v of %v: %d bytes by %v", rate, pacing, sent, at[i])
			}
		}
		if took, want := at[len(at)-1], pacing.Lasts(total); took > want {
			t.Errorf("at %v: %v for what lasts %v", pacing, took, want)
		}
	}
}

// While the path is calm a frame goes out in fours: that is one system call.
func TestPacerBursts(t *testing.T) {
	for _, c := range []struct {
		state State
		want  []int
	}{
		{State{Pacing: Mbps}, []int{4, 4, 2}},
		{State{Pacing: Mbps, Loss: 0.01}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{State{Pacing: Mbps, Queue: 20 * time.Millisecond}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{State{Pacing: Mbps, Queue: 90 * time.Millisecond, Mode: Compete}, []int{2, 2, 2, 2, 2}},
		{State{Pacing: 10 * Mbps, Queue: 20 * time.Millisecond}, []int{6, 4}},
	} {
		p := NewPacer(Mbps)
		p.SetState(c.state)
		for range 10 {
			p.Push(0, Item{Kind: Video, Size: 1200, Frame: 3})
		}
		at, _ := drainPacer(p, 0, time.Hour)
		var bursts []int
		for i := range at {
			if i == 0 || at[i] != at[i-1] {
				bursts = append(bursts, 0)
			}
			bursts[len(bursts)-1]++
		}
		if !slices.Equal(bursts, c.want) {
			t.Errorf("%+v: bursts of %v, want %v", c.state, bursts, c.want)
		}
	}
}

func TestPacerBurstsEndWithTheFrame(t *testing.T) {
	p := NewPacer(Mbps)
	p.SetState(State{Pacing: Mbps})
	for i := range 6 {
		p.Push(0, Item{Kind: Video, Size: 1200, Frame: int64(1 + i/2)})
	}
	at, _ := drainPacer(p, 0, time.Hour)
	for i := range at {
		if together := i%2 == 1; i > 0 && (at[i] == at[i-1]) != together {
			t.Errorf("packets %d and %d go out at %v and %v", i-1, i, at[i-1], at[i])
		}
	}
}

// What has waited too long makes way, but for what others need and the frame that is on its way.
func TestPacerSheds(t *testing.T) {
	p := NewPacer(100 * Kbps)
	p.SetState(busyPath(100 * Kbps))
	for i := range 12 {
		p.Push(0, Item{Ref: i, Kind: Video, Size: 1200, Frame: int64(1 + i/2), Begins: i%2 == 0, Temporal: uint8((1 + i/2) % 2)})
	}
	if item, ok := p.Pop(0); !ok || item.Frame != 1 {
		t.Fatal("nothing was sent")
	}
	if dropped := p.Shed(queueLimit, nil); len(dropped) != 0 {
		t.Fatalf("dropped %v after %v", dropped, queueLimit)
	}
	before := p.Bytes()
	var refs []int
	dropped := p.Shed(queueLimit+1, nil)
	for _, d := range dropped {
		refs = append(refs, d.Ref)
	}
	if want := []int{4, 5, 8, 9}; !slices.Equal(refs, want) {
		t.Errorf("dropped %v, want %v", refs, want)
	}
	if p.Bytes() != before-4*1200 {
		t.Errorf("%d bytes wait, want %d", p.Bytes(), before-4*1200)
	}
	_, items := drainPacer(p, time.Second, time.Hour)
	refs = refs[:0]
	for _, item := range items {
		refs = append(refs, item.Ref)
	}
	if want := []int{1, 2, 3, 6, 7, 10, 11}; !slices.Equal(refs, want) {
		t.Errorf("sent %v, want %v", refs, want)
	}
}

// A probe goes out at its rate, media first, and all that belongs to it is marked.
func TestPacerProbes(t *testing.T) {
	p := NewPacer(100 * Kbps)
	p.SetState(busyPath(100 * Kbps))
	p.StartProbe(Probe{ID: 7, Rate: 5 * Mbps, Bytes: 9600, Until: time.Second})
	for range 3 {
		p.Push(0, Item{Kind: Video, Size: 1200})
	}
	if got := p.Wants(0); got != 6000 {
		t.Fatalf("wants %d bytes of padding, want 6000", got)
	}
	for range 5 {
		p.Push(0, Item{Kind: Padding, Size: 1200})
	}
	if got := p.Wants(0); got != 0 {
		t.Errorf("still wants %d", got)
	}
	p.Push(0, Item{Kind: Padding, Size: 1200}) // more than the probe
	at, items := drainPacer(p, 0, time.Hour)
	marked := 0
	for i, item := range items {
		if item.Probe == 7 {
			marked++
		} else if i < 8 {
			t.Errorf("packet %d is not marked", i)
		}
	}
	if marked != 8 || at[7] > (5*Mbps).Lasts(9600) {
		t.Errorf("%d packets in %v", marked, at[7])
	}
	p.StartProbe(Probe{ID: 8, Rate: Mbps, Bytes: 6000, Until: 2 * time.Second})
	if p.Wants(2*time.Second) != 0 {
		t.Error("wants padding for a probe whose time is over")
	}
}

// Who wakes up late sends no less for it: the time is made up for, but no more than 10 ms of it.
func TestPacerMakesUpForLateness(t *testing.T) {
	const size, packets = 1200, 100
	for _, c := range []struct {
		late, most time.Duration // of each call, and for all packets beyond what they last
	}{
		{3 * time.Millisecond, 10 * time.Millisecond}, {8 * time.Millisecond, 10 * time.Millisecond},
		{100 * time.Millisecond, time.Hour},
	} {
		p := NewPacer(Mbps)
		p.SetState(busyPath(Mbps))
		for range packets {
			p.Push(0, Item{Kind: Video, Size: size})
		}
		now, burst, longest := time.Duration(0), 0, 0
		for {
			if _, ok := p.Pop(now); ok {
				burst++
				longest = max(longest, burst)
				continue
			}
			next, ok := p.Next(now)
			if !ok {
				break
			}
			now, burst = max(next, now)+c.late, 0
		}
		if lasts := Mbps.scale(paceFactor).Lasts(packets * size); now > lasts+c.most {
			t.Errorf("%v late each time: took %v for what lasts %v", c.late, now, lasts)
		}
		if longest > 3 {
			t.Errorf("%v late each time: %d packets in one go", c.late, longest)
		}
	}
}

// Repairs go before video, but not for longer than somebody has a use for them.
func TestLateRepairsExpire(t *testing.T) {
	p := NewPacer(100 * Kbps)
	for i := range 50 {
		p.Push(time.Duration(i)*10*time.Millisecond, Item{Ref: i, Kind: RTX, Size: 1200})
	}
	p.Push(490*time.Millisecond, Item{Ref: 99, Kind: Video, Size: 1200})
	if early := p.Expire(queueLimit, nil); len(early) != 0 {
		t.Errorf("%d are dropped in time", len(early))
	}
	if late := p.Expire(490*time.Millisecond, nil); len(late) != 24 || late[0].Ref != 0 || late[23].Ref != 23 {
		t.Errorf("dropped %d: %v", len(late), late)
	}
	p.Expire(time.Second, nil)
	if item, ok := p.Pop(time.Second); !ok || item.Ref != 99 {
		t.Errorf("sent %+v in place of the video", item)
	}
}
