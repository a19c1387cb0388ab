package main

import (
	"encoding/binary"
	"time"
)

// sources is how many RTP sources are counted in each direction.
const sources = 64

// sample is what a link did in a while.
type sample struct {
	At     int64   `json:"at"` // ms since 1970, as the clocks of browsers count
	Dir    string  `json:"dir"`
	Rate   int64   `json:"rate"`     // bit/s, at its end
	In     float64 `json:"in"`       // bit/s that were given to it
	Out    float64 `json:"out"`      // bit/s that it will deliver
	Lost   int     `json:"lost"`     // packets lost at random
	Full   int     `json:"full"`     // packets that found no room in the queue
	Queue  float64 `json:"queue_ms"` // at its end
	Late   float64 `json:"late_ms"`  // at most by which the emulator did something too late
	inBits int
	out    int
}

// source is what became of the packets of one RTP source.
type source struct {
	Dir     string  `json:"dir"`
	SSRC    uint32  `json:"ssrc"`
	Type    uint8   `json:"pt"`
	Packets int     `json:"packets"`
	Bytes   int     `json:"bytes"` // of IP packets
	Lost    int     `json:"lost"`
	Full    int     `json:"full"`
	Longest float64 `json:"longest_ms"` // wait in the queue
}

// note adds the fate of a packet.
func (s *source) note(size int, f fate) {
	s.Packets++
	s.Bytes += size
	s.Longest = max(s.Longest, f.waited.Seconds()*1000)
	if f.lost {
		s.Lost++
	}
	if f.full {
		s.Full++
	}
}

// sourceOf names the source of an RTP packet (RFC 3550, section 5.1; the header of SRTP is not encrypted). RTCP (RFC 5761,
// section 4), DTLS and STUN (RFC 7983) have none.
func sourceOf(p []byte) (ssrc uint32, payloadType uint8, ok bool) {
	if len(p) < 12 || p[0]>>6 != 2 || p[1] >= 192 && p[1] <= 223 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(p[8:]), p[1] & 0x7f, true
}

// add counts a packet for the sample.
func (s *sample) add(size int, f fate) {
	s.inBits += 8 * size
	switch {
	case f.lost:
		s.Lost++
	case f.full:
		s.Full++
	default:
		s.out += 8 * size
	}
}

// end completes a sample of a length.
func (s *sample) end(length time.Duration) {
	s.In, s.Out = float64(s.inBits)/length.Seconds(), float64(s.out)/length.Seconds()
}
