package sfutest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// A participant that sends from more sources than the cap, or from and of more in RTCP, is closed: the fast path keeps something of who
// sends reports, the portable one of whom they are about.
func TestSourceFlood(t *testing.T) {
	for name, flood := range map[string]func(p *Participant, pub *Publication){
		"RTP": func(_ *Participant, pub *Publication) {
			for i := range 100 {
				pub.SendRTP(&rtp.Header{Version: 2, PayloadType: vp8PT, SSRC: 0x1000 + uint32(i), SequenceNumber: 1}, []byte{0x10, 0, 0, 0})
			}
		},
		"RTCP": func(p *Participant, _ *Publication) {
			for i := range 300 {
				p.SendRTCP(&rtcp.ReceiverReport{SSRC: 0x10000 + uint32(i), Reports: []rtcp.ReceptionReport{{SSRC: 0x1000 + uint32(i)}}})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			amongBystanders(t,
				Joins(publishing, "mallory"),
				Runs(time.Second),
				Checks("mallory floods", func(w *World) error {
					pub, err := w.P("mallory").Publication(signaling.SourceCamera)
					if err != nil {
						return err
					}
					flood(w.P("mallory"), pub)
					return nil
				}),
				Runs(time.Second),
				closedWith("mallory", signaling.CloseTransport),
				onlyBystanders,
			)
		})
	}
}

// Packets that are protected well and hold nonsense, and datagrams from nowhere, disturb nobody.
func TestNonsensePackets(t *testing.T) {
	t.Parallel()
	const seed, packets = 7, 4000
	amongBystanders(t,
		Joins(Plan{Publish: []Format{Camera}}, "mallory"),
		Joins(watching, "trudy"), // she is shown what mallory sends
		Checks("trudy bears with it", func(w *World) error { w.P("trudy").Tolerate(); return nil }),
		Runs(time.Second),
		Checks("mallory sends spoilt RTP and RTCP", func(w *World) error {
			random := rand.New(rand.NewPCG(seed, seed))
			p := w.P("mallory")
			pub, err := p.Publication(signaling.SourceCamera)
			if err != nil {
				return err
			}
			for i := range packets {
				pub.SendRTP(nonsenseRTP(random, pub.SSRC()))
				if i%4 == 0 {
					p.SendRTCP(nonsenseRTCP(random, p, pub))
				}
				if i%50 == 0 {
					time.Sleep(10 * time.Millisecond)
				}
			}
			return nil
		}),
		Checks("nobody knows who sends random datagrams", func(w *World) error {
			random := rand.New(rand.NewPCG(seed, seed))
			var datagrams [][]byte
			for i := range 1000 {
				b := randomBytes(random, 1+random.IntN(200))
				switch i % 4 { // RFC 7983: STUN, DTLS, RTP, and anything
				case 0:
					b[0] = 0
				case 1:
					b[0] = 22
				case 2:
					b[0] = 0x80
				}
				datagrams = append(datagrams, b)
			}
			return w.Shoot(datagrams)
		}),
		Checks("no panic", func(w *World) error {
			if n := w.Metric("panics_total"); n != 0 {
				return fmt.Errorf("%v", n)
			}
			return nil
		}),
	)
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// nonsenseRTP is a packet whose parts are random, but mostly one of mallory's own source and payload types.
func nonsenseRTP(r *rand.Rand, ssrc uint32) (*rtp.Header, []byte) {
	h := &rtp.Header{
		Version: 2, Marker: r.IntN(2) == 0, PayloadType: uint8(vp8PT + r.IntN(2)), SequenceNumber: uint16(r.Uint32()), Timestamp: r.Uint32(), SSRC: ssrc,
	}
	if r.IntN(10) == 0 {
		h.PayloadType = uint8(r.IntN(128))
	}
	for range r.IntN(4) {
		_ = h.SetExtension(uint8(1+r.IntN(14)), randomBytes(r, 1+r.IntN(16))) // what does not fit is left out
	}
	for range r.IntN(3) {
		h.CSRC = append(h.CSRC, r.Uint32())
	}
	return h, randomBytes(r, r.IntN(60))
}

func nonsenseRTCP(r *rand.Rand, p *Participant, pub *Publication) rtcp.Packet {
	slots := p.Slots(signaling.KindVideo)
	ssrc := slots[r.IntN(len(slots))].SSRC()
	switch r.IntN(6) {
	case 0:
		return &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: ssrc, Nacks: []rtcp.NackPair{{PacketID: uint16(r.Uint32()), LostPackets: rtcp.PacketBitmap(r.Uint32())}}}
	case 1:
		return &rtcp.FullIntraRequest{SenderSSRC: 1, MediaSSRC: ssrc, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: uint8(r.Uint32())}}}
	case 2:
		return &rtcp.SenderReport{SSRC: pub.SSRC(), NTPTime: r.Uint64(), RTPTime: r.Uint32()}
	case 3:
		return &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: ssrc, LastSequenceNumber: r.Uint32(), Jitter: r.Uint32(), LastSenderReport: r.Uint32(), Delay: r.Uint32()}}}
	case 4:
		return &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: float32(r.Uint32()), SSRCs: []uint32{ssrc}}
	default:
		raw := rtcp.RawPacket(append([]byte{0x80 | byte(r.IntN(32)), byte(200 + r.IntN(8)), 0, 2}, randomBytes(r, 8)...))
		return &raw
	}
}

// A subscriber that asks for everything again gets at most a third of all bytes as repeats.
func TestNackAbuse(t *testing.T) {
	var resent, forwarded float64
	amongBystanders(t,
		Joins(watching, "mallory"),
		Runs(time.Second),
		step("mallory asks a hundred times a second for the last 170 packets of each slot", func(_ context.Context, w *World) error {
			mallory := w.P("mallory")
			resent, forwarded = w.Metric("rtp_resent_packets_total"), w.Metric("rtp_forwarded_packets_total")
			for range 1000 {
				for _, s := range mallory.Slots(signaling.KindVideo) {
					nack := &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: s.SSRC()}
					for i := range uint16(10) {
						nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: s.NewestSeq() - 17*(i+1), LostPackets: 0xffff})
					}
					mallory.SendRTCP(nack)
				}
				time.Sleep(10 * time.Millisecond)
			}
			resent, forwarded = w.Metric("rtp_resent_packets_total")-resent, w.Metric("rtp_forwarded_packets_total")-forwarded
			// mallory gets what alice and bob send, who get half of that each.
			toMallory := resent + (forwarded-resent)/2
			if resent == 0 || resent > toMallory/2 { // packets of video are larger than those of audio, which are never asked for
				return fmt.Errorf("%.0f of %.0f packets were sent again", resent, toMallory)
			}
			return nil
		}),
	)
	t.Logf("NACK abuse: %.0f of %.0f packets were sent again for 1.7 million asked for", resent, forwarded)
}
