package rtpfwd

import (
	"math"
	"testing"
	"time"
)

func TestExtend(t *testing.T) {
	rng := seeded(2)
	for range 10000 {
		near := SeqNo(rng.Int64N(1 << 40))
		want := near + SeqNo(rng.IntN(1<<15)) - SeqNo(rng.IntN(1<<15))
		if got := extendSeq(near, uint16(want)); got != want {
			t.Fatalf("extendSeq(%d, %d) = %d, want %d", near, uint16(want), got, want)
		}
		nearTime := RTPTime(rng.Int64N(1 << 50))
		wantTime := nearTime + RTPTime(rng.Int64N(1<<31)) - RTPTime(rng.Int64N(1<<31))
		if got := extendTime(nearTime, uint32(wantTime)); got != wantTime {
			t.Fatalf("extendTime(%d, %d) = %d, want %d", nearTime, uint32(wantTime), got, wantTime)
		}
	}
}

func TestTicks(t *testing.T) {
	tests := []struct {
		d     time.Duration
		rate  uint32
		ticks RTPTime
	}{
		{time.Second, 90000, 90000},
		{-time.Second, 90000, -90000},
		{20 * time.Millisecond, 48000, 960},
		{100 * 24 * time.Hour, 90000, 777600000000},
		{time.Nanosecond, 90000, 0},
		{time.Second, 0, 0},
	}
	for _, test := range tests {
		if got := ticksOf(test.d, test.rate); got != test.ticks {
			t.Errorf("ticksOf(%v, %d) = %d, want %d", test.d, test.rate, got, test.ticks)
		}
		if test.rate == 0 || test.d == time.Nanosecond {
			continue
		}
		if got := durationOf(test.ticks, test.rate); got != test.d {
			t.Errorf("durationOf(%d, %d) = %v, want %v", test.ticks, test.rate, got, test.d)
		}
	}
	if got := durationOf(5, 0); got != 0 {
		t.Errorf("rate 0: %v", got)
	}
	if got := durationOf(math.MaxUint32-1, math.MaxUint32); got <= 0 || got > time.Second {
		t.Errorf("largest rate: %v", got)
	}
}

func TestNames(t *testing.T) {
	for r := range ReasonCount {
		if r.String() == "" || r.String() == "unknown" {
			t.Errorf("reason %d has no name", r)
		}
	}
	if ReasonCount.String() != "unknown" || codecCount.String() != "unknown" {
		t.Error("values out of range have names")
	}
	tests := []struct {
		mime  string
		codec Codec
		video bool
		rate  uint32
	}{
		{"video/VP8", VP8, true, 90000}, {"vp9", VP9, true, 90000}, {"video/H264", H264, true, 90000},
		{"video/H265", H265, true, 90000}, {"video/AV1", AV1, true, 90000},
		{"audio/opus", Opus, false, 48000}, {"audio/red", RED, false, 48000},
		{"audio/PCMU", PCMU, false, 8000}, {"audio/PCMA", PCMA, false, 8000},
		{"video/rtx", CodecNone, false, 0}, {"", CodecNone, false, 0}, {"none", CodecNone, false, 0},
	}
	for _, test := range tests {
		got := ParseCodec(test.mime)
		if got != test.codec || got.Video() != test.video || got.ClockRate() != test.rate {
			t.Errorf("%q: %v, video %v, %d Hz", test.mime, got, got.Video(), got.ClockRate())
		}
		if got != CodecNone && ParseCodec(got.String()) != got {
			t.Errorf("%v does not parse back", got)
		}
	}
}
