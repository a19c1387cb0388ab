package bwe

import (
	"testing"
	"time"
)

// Repairs get what the target leaves over after audio, and nothing where audio takes all of it. What may not go out is not looked at all
// the time, and keeps no video waiting.
func TestRepairsComeOutOfWhatAudioLeaves(t *testing.T) {
	const target, lasts = 100 * Kbps, 20 * time.Second
	for _, audio := range []Bitrate{0, 60 * Kbps, 90 * Kbps, 120 * Kbps} {
		p := NewPacer(target)
		p.SetState(busyPath(target))
		var sent [kinds]int
		wakes := 0
		for at := time.Duration(0); at < lasts; at += 20 * time.Millisecond {
			if audio > 0 {
				p.Push(at, Item{Kind: Audio, Size: audio.Bytes(20 * time.Millisecond)})
			}
			p.Push(at, Item{Kind: AudioRTX, Size: 200})
			p.Push(at, Item{Kind: RTX, Size: 400})
			p.Expire(at, nil)
			for now := at; now < at+20*time.Millisecond; wakes++ {
				for item, ok := p.Pop(now); ok; item, ok = p.Pop(now) {
					sent[item.Kind] += item.Size
				}
				next, ok := p.Next(now)
				if !ok {
					break
				}
				now = max(next, now+1)
			}
		}
		left, saved := max(0, target-audio), target.Bytes(leftoverSaved)
		repairs := sent[AudioRTX] + sent[RTX]
		if most := left.Bytes(lasts) + saved; repairs > most {
			t.Errorf("audio of %v: repairs of %d bytes, want at most %d", audio, repairs, most)
		}
		if least := left.Bytes(lasts) * 9 / 10; repairs < least {
			t.Errorf("audio of %v: repairs of %d bytes, want at least %d", audio, repairs, least)
		}
		if sent[RTX] > 2*saved && sent[AudioRTX] < (80*Kbps).Bytes(lasts)*9/10 {
			t.Errorf("audio of %v: %d bytes of repairs of video go before %d of audio", audio, sent[RTX], sent[AudioRTX])
		}
		if most := 5 * int(lasts/(20*time.Millisecond)); wakes > most {
			t.Errorf("audio of %v: %d wakes in %v", audio, wakes, lasts)
		}
	}
}

func TestRepairsThatWaitKeepNoVideoWaiting(t *testing.T) {
	p := NewPacer(100 * Kbps)
	p.SetState(State{Target: 100 * Kbps, Pacing: 10 * Mbps})
	for range 10 {
		p.Push(0, Item{Kind: Audio, Size: 1200})
	}
	p.Push(0, Item{Kind: AudioRTX, Size: 200})
	p.Push(0, Item{Kind: Video, Size: 200})
	if _, items := drainPacer(p, 0, 2*time.Second); len(items) != 12 || items[10].Kind != Video || items[11].Kind != AudioRTX {
		t.Errorf("sent %+v", items)
	}
}

// A probe's packets may be repairs: it is filled with what is there.
func TestProbesTakeRepairs(t *testing.T) {
	p := NewPacer(100 * Kbps)
	p.SetState(State{Target: 100 * Kbps, Pacing: 10 * Mbps})
	for range 10 {
		p.Push(0, Item{Kind: Audio, Size: 1200})
	}
	p.StartProbe(Probe{ID: 1, Rate: Mbps, Bytes: 2400, Size: 1200, Until: 5 * time.Second})
	p.Push(0, Item{Kind: RTX, Size: 1200})
	p.Push(0, Item{Kind: Padding, Size: 1200})
	if _, items := drainPacer(p, 0, 2*time.Second); len(items) != 12 || items[10].Kind != RTX || items[10].Probe != 1 {
		t.Errorf("sent %+v", items)
	}
}

// Behind a policer what waits gets the target, not more: no queue takes the rest.
func TestPacerKeepsTheTargetBehindAPolicer(t *testing.T) {
	for policed, want := range map[bool]time.Duration{false: 800 * time.Millisecond, true: time.Second} {
		p := NewPacer(Mbps)
		p.SetState(State{Target: Mbps, Pacing: Mbps.scale(paceFactor), Queue: 20 * time.Millisecond, Policed: policed})
		for range 126 {
			p.Push(0, Item{Kind: Video, Size: 1000})
		}
		if at, _ := drainPacer(p, 0, time.Hour); (at[125] - want).Abs() > 10*time.Millisecond {
			t.Errorf("policed %v: took %v, want %v", policed, at[125], want)
		}
	}
}
