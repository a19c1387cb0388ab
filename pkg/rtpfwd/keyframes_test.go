package rtpfwd

import (
	"bytes"
	"testing"
	"time"
)

func TestKeyframesTable(t *testing.T) {
	type step struct {
		at   int    // milliseconds
		what string // want, wish, key, rest, due, quiet, deaf, hears
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"nothing wanted", []step{{0, "quiet"}, {100000, "quiet"}}},
		{"at once", []step{{0, "want"}, {0, "due"}, {0, "quiet"}}},
		{"coalesced", []step{{0, "want"}, {0, "due"}, {10, "want"}, {20, "want"}, {499, "quiet"}}},
		{"served", []step{{0, "want"}, {0, "due"}, {100, "key"}, {600, "quiet"}, {5000, "quiet"}}},
		{"spacing after an answer", []step{
			{0, "want"}, {0, "due"}, {100, "key"}, {150, "want"}, {150, "quiet"}, {499, "quiet"}, {500, "due"},
		}},
		{"a late joiner does not wait", []step{{0, "want"}, {0, "due"}, {100, "key"}, {900, "want"}, {900, "due"}}},
		{"repeated with back-off", []step{
			{0, "want"}, {0, "due"}, {499, "quiet"}, {500, "due"}, {1499, "quiet"}, {1500, "due"},
			{3499, "quiet"}, {3500, "due"}, {7499, "quiet"}, {7500, "due"}, {11499, "quiet"}, {11500, "due"},
		}},
		{"an answer ends the back-off", []step{
			{0, "want"}, {0, "due"}, {500, "due"}, {1500, "due"}, {1600, "key"}, {2000, "want"}, {2000, "due"},
		}},
		{"unasked keyframe serves", []step{{0, "key"}, {10, "want"}, {10, "due"}, {20, "key"}, {600, "quiet"}}},
		{"a wish is granted from a full credit", []step{{0, "wish"}, {0, "due"}, {50, "key"}, {600, "wish"}, {5599, "quiet"}, {5600, "due"}}},
		{"a need comes before a wish", []step{
			{0, "wish"}, {0, "due"}, {50, "key"}, {600, "wish"}, {700, "want"}, {700, "due"}, {800, "key"}, {2000, "quiet"},
		}},
		{"a wish is repeated too", []step{{0, "wish"}, {0, "due"}, {499, "quiet"}, {500, "due"}, {600, "key"}, {9000, "quiet"}}},
		{"deaf to two requests", []step{
			{0, "want"}, {0, "due"}, {500, "due"}, {2499, "hears"}, {2500, "deaf"}, {2600, "due"}, {3000, "deaf"},
		}},
		{"one request is not enough", []step{{0, "want"}, {0, "due"}, {400, "key"}, {9000, "hears"}}},
		{"a late answer", []step{{0, "want"}, {0, "due"}, {500, "due"}, {2400, "key"}, {2500, "hears"}, {9000, "hears"}}},
		{"a keyframe of its own is no answer", []step{
			{0, "want"}, {0, "due"}, {500, "due"}, {1500, "due"}, {4000, "key"}, {4000, "deaf"}, {99000, "deaf"}, {99500, "key"}, {99500, "deaf"},
		}},
		{"an answer ends deafness", []step{
			{0, "want"}, {0, "due"}, {500, "due"}, {3000, "key"}, {4000, "deaf"}, {4000, "want"}, {4000, "due"}, {4200, "key"}, {4200, "hears"},
		}},
		{"a source that rests is not asked", []step{{0, "want"}, {0, "rest"}, {9000, "quiet"}, {9000, "want"}, {9000, "due"}}},
		{"a source that rests is not deaf", []step{{0, "want"}, {0, "due"}, {500, "due"}, {1000, "rest"}, {9000, "hears"}, {9000, "quiet"}}},
		{"wanted and served before it was asked", []step{
			{0, "want"}, {0, "due"}, {10, "key"}, {20, "want"}, {30, "key"}, {5000, "quiet"},
		}},
	}
	for _, test := range tests {
		k := NewKeyframes()
		for i, s := range test.steps {
			now := ms(s.at)
			switch s.what {
			case "rest":
				k.Rest()
			case "want":
				k.Want(now)
			case "wish":
				k.Wish(now)
			case "key":
				k.Received(now, 1000)
			case "deaf", "hears":
				if got := k.Supply(now); (got == NotToBeHad) != (s.what == "deaf") {
					t.Errorf("%s, step %d at %v: keyframes are %v", test.name, i, now, got)
				}
			case "due", "quiet":
				if soon := k.Deadline() <= now; soon != (s.what == "due") {
					t.Errorf("%s, step %d: deadline %v at %v", test.name, i, k.Deadline(), now)
				}
				if got := k.Due(now); got != (s.what == "due") {
					t.Errorf("%s, step %d at %v: due %v", test.name, i, now, got)
				}
			}
		}
	}
}

// storm lets everybody want a keyframe all the time of a source that sends delta
// bytes every 33 ms and answers with a keyframe of key bytes after 80 ms. It returns
// the keyframes of each minute, and the part of all bytes that they were.
func storm(minutes, delta, key int) (perMinute []int, share float64) {
	k := NewKeyframes()
	answerAt := Never
	keys, total := 0, 0
	for now := time.Duration(0); now < time.Duration(minutes)*time.Minute; now += time.Millisecond {
		k.Want(now)
		if k.Due(now) && answerAt == Never {
			answerAt = now + 80*time.Millisecond
		}
		if now >= answerAt {
			answerAt = Never
			first := true
			for left := key; left > 0; left -= 1200 {
				bytes := min(left, 1200)
				k.OnPacket(now, bytes)
				if first {
					k.Received(now, bytes)
				}
				first = false
				total += bytes
			}
			keys += key
			for len(perMinute) <= int(now/time.Minute) {
				perMinute = append(perMinute, 0)
			}
			perMinute[now/time.Minute]++
		} else if now%(33*time.Millisecond) == 0 {
			k.OnPacket(now, delta)
			total += delta
		}
	}
	return perMinute, float64(keys) / float64(total)
}

func TestKeyframesCost(t *testing.T) {
	tests := []struct {
		name       string
		delta, key int
		atLeast    int // keyframes in a later minute
		share      float64
	}{
		// 1 Mbit/s, 30 kB: 10 % are 25 keyframes a minute.
		{"camera", 4125, 30000, 15, 0.1},
		// Small keyframes hit the spacing: at most two a second.
		{"small keyframes", 4125, 3000, 100, 0.1},
		// 24 kbit/s, 100 kB: 10 % would pay for one in six minutes, but nobody is
		// left without a picture for more than five seconds.
		{"still screen", 100, 100000, 11, 1},
	}
	for _, test := range tests {
		perMinute, share := storm(10, test.delta, test.key)
		if len(perMinute) != 10 {
			t.Fatalf("%s: keyframes in %d minutes of 10", test.name, len(perMinute))
		}
		for i, n := range perMinute[1:] {
			if n < test.atLeast || n > 121 {
				t.Errorf("%s: %d keyframes in minute %d", test.name, n, i+1)
			}
		}
		t.Logf("%s: %.1f %% of bytes, %v keyframes per minute", test.name, 100*share, perMinute)
		if share > test.share {
			t.Errorf("%s: keyframes are %.1f %% of the bytes", test.name, 100*share)
		}
	}
}

func TestKeyframesBurst(t *testing.T) {
	k := NewKeyframes()
	granted := 0
	for now := time.Duration(0); now < 4*time.Second; now += ms(100) {
		k.Want(now)
		if k.Due(now) {
			granted++
			k.Received(now+ms(10), 100000)
		}
	}
	if granted != keyframeBurst {
		t.Errorf("%d keyframes at once of a source that sends nothing else, want %d", granted, keyframeBurst)
	}
}

// FuzzKeyframes: a request is due when the Deadline says and somebody waits, at most every
// 500 ms, and at most so often as credit and patience allow.
func FuzzKeyframes(f *testing.F) {
	f.Add([]byte{0, 0, 3, 10, 1, 100, 0, 200, 3, 1, 2, 255})
	f.Add(bytes.Repeat([]byte{0xfc, 0, 0xfd, 0, 0xff, 0}, 14)) // wanted again after each one
	f.Fuzz(func(t *testing.T, steps []byte) {
		k, now, asked := NewKeyframes(), time.Duration(0), -time.Hour
		wanted, answers, least, earned := false, 0, 0, 0.0
		pending := false
		for i := 0; i+1 < len(steps); i += 2 {
			now += ms(int(steps[i]>>2) * 4)
			n := int(steps[i+1])
			switch steps[i] & 3 {
			case 0:
				k.Want(now)
				wanted = true
			case 1:
				k.Received(now, 1000+n)
				if pending {
					answers++
				}
				wanted, pending = false, false
				least = 1000 // no keyframe is smaller
			case 2:
				k.OnPacket(now, 10*n)
				if least > 0 {
					earned += float64(10*n) / (keyframeShare * float64(least))
				}
			}
			at := k.Deadline()
			if (at == Never) == wanted || wanted && at < asked+keyframeSpacing {
				t.Fatalf("wanted %v, asked at %v, the deadline is %v", wanted, asked, at)
			}
			if due := k.Due(now); due != (at <= now) {
				t.Fatalf("due %v at %v, the deadline is %v", due, now, at)
			} else if due {
				asked, pending = now, true
			}
			if most := keyframeBurst + earned + float64(now/keyframePatience) + 1; float64(answers) > most {
				t.Fatalf("%d keyframes were had in %v, at most %v are paid for", answers, now, most)
			}
		}
	})
}
