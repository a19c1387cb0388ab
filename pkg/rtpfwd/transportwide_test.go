package rtpfwd

import (
	"bytes"
	"testing"
	"time"
)

// hopConfig is outConfig with all that is per hop.
func hopConfig(numbers *TransportNumbers) OutboundConfig {
	config := outConfig()
	config.Extensions.AbsSendTime = 2
	config.Transport = numbers
	return config
}

// opus makes a packet of sound.
func opus(seq uint16) testPacket {
	return testPacket{pt: ptOpus, seq: seq, time: uint32(seq) * 960, payload: []byte{byte(seq)}}
}

func TestAbsSendTime(t *testing.T) {
	for now, want := range map[time.Duration]uint32{
		0: 0, time.Second: 1 << 18, 500 * time.Millisecond: 1 << 17, 63 * time.Second: 63 << 18, 64 * time.Second: 0,
		time.Millisecond: 262, 1000*time.Hour + 65250*time.Millisecond: 1<<18 | 1<<16,
	} {
		v := absSendTime(now)
		if got := uint32(v[0])<<16 | uint32(v[1])<<8 | uint32(v[2]); got != want {
			t.Errorf("%v: %#x, want %#x", now, got, want)
		}
	}
}

// TestPerHopExtensions: two Slots share the numbers of their Transport, over the wrap,
// and both extensions are in every packet, also with two-byte headers.
func TestPerHopExtensions(t *testing.T) {
	for _, wide := range []bool{false, true} {
		numbers := &TransportNumbers{last: 65530}
		config := hopConfig(numbers)
		if wide {
			config.Extensions.TransportCC = 77
		}
		slots := [2]*slot{newSlot(t, Opus, config), newSlot(t, Opus, config)}
		for i := range uint16(20) {
			s := slots[i%2]
			s.now = time.Duration(i) * time.Second
			p := s.send(opus(i))
			want := int64(65531) + int64(i)
			number, sent := p.GetExtension(config.Extensions.TransportCC), p.GetExtension(2)
			if len(number) != 2 || get16(number) != uint16(want) || !bytes.Equal(sent, []byte{byte(i << 2), 0, 0}) {
				t.Fatalf("packet %d: number %x, want %d; sent at %x", i, number, want, sent)
			}
			if got := s.o.Last(); got != (Written{Seq: want, Size: p.MarshalSize(), Kind: WrittenMedia}) || numbers.Last() != want {
				t.Errorf("packet %d: %+v, want %d; %d given", i, got, want, numbers.Last())
			}
		}
	}
}

// TestPerHopNotNegotiated: without an id, or without a Transport, there is no number.
func TestPerHopNotNegotiated(t *testing.T) {
	numbers := new(TransportNumbers)
	config := hopConfig(numbers)
	config.Extensions.TransportCC, config.Extensions.AbsSendTime = 0, 0
	s := newSlot(t, Opus, config)
	if s.o.Last() != (Written{}) {
		t.Errorf("before the first packet: %+v", s.o.Last())
	}
	if p := s.send(opus(1)); p.Extension || numbers.Last() != 1 || s.o.Last().Seq != 1 || s.o.Last().Size == 0 {
		t.Errorf("%+v, %+v", p.Header, s.o.Last())
	}
	config.Extensions = nil
	if p := newSlot(t, Opus, config).send(opus(1)); p.Extension {
		t.Errorf("%+v", p.Header)
	}
}

// TestRefusalUsesNoNumber: a number that no packet carries would look like a loss.
func TestRefusalUsesNoNumber(t *testing.T) {
	numbers := new(TransportNumbers)
	s := newSlot(t, Opus, hopConfig(numbers))
	c := s.choices(opus(1))[0]
	s.rewrite(c)
	last := s.o.Last()
	if n := s.o.Rewrite(0, c, make([]byte, 1500)); n != 0 || numbers.Last() != 1 || s.o.Last() != last {
		t.Errorf("%d bytes, %d numbers, %+v", n, numbers.Last(), s.o.Last())
	}
}

// TestResendNumbers: RTX packets are new packets of the Transport; what has no RTX is
// repeated with the number and the time of its first sending.
func TestResendNumbers(t *testing.T) {
	numbers := new(TransportNumbers)
	config := hopConfig(numbers)
	config.MID = "sixteen bytes mid"[:16]
	video := newSlot(t, VP8, config)
	config.RTXSSRC = 0
	audio := newSlot(t, Opus, config)
	audio.now = time.Second
	first := audio.rewrite(audio.choices(opus(1))[0])
	video.sendMany(5, 3)
	buf := make([]byte, 1500)
	later := 40 * time.Second
	r := audio.o.Feedback(later, 0, []uint16{100}, new(Budget), nil)
	n := audio.o.Resend(later, r[0], buf)
	if want := (Written{Seq: 1, Size: n, Kind: WrittenAgain}); !bytes.Equal(buf[:n], first) || audio.o.Last() != want || numbers.Last() != 4 {
		t.Errorf("%x, first sent\n%x; %+v, %d numbers", buf[:n], first, audio.o.Last(), numbers.Last())
	}
	r = video.o.Feedback(later, 0, []uint16{101}, new(Budget), nil)
	n = video.o.Resend(later, r[0], buf)
	p := parsed(t, buf[:n])
	if get16(p.GetExtension(3)) != 5 || p.GetExtension(2)[0] != 40<<2 {
		t.Errorf("%+v", p.Header)
	}
	if want := (Written{Seq: 5, Size: n, Kind: WrittenRepair}); video.o.Last() != want || n > r[0].Bytes {
		t.Errorf("%+v, want %+v, at most %d bytes", video.o.Last(), want, r[0].Bytes)
	}
}
