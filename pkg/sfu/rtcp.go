package sfu

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"
)

// rtcp takes what came in one datagram of RTCP, for either half of a Transport. One packet of a compound that is malformed does not
// spoil those before it.
func (w *worker) rtcp(now time.Duration, t *Transport, raw []byte) {
	for len(raw) > 0 {
		n := rtcpLength(raw)
		if n == 0 {
			w.srv.metrics.dropped("rtcp_malformed")
			return
		}
		w.rtcpPacket(now, t, raw[:n])
		raw = raw[n:]
	}
}

// rtcpLength is the length of the first packet of a compound in bytes (RFC 3550, section 6.4.1); 0: it is cut short.
func rtcpLength(raw []byte) int {
	if len(raw) < 4 || raw[0]>>6 != 2 {
		return 0
	}
	n := 4 * (int(binary.BigEndian.Uint16(raw[2:])) + 1)
	if n > len(raw) {
		return 0
	}
	return n
}

// isTransportCC tells transport-wide feedback, which is most of what comes: it is not unpacked into objects.
func isTransportCC(raw []byte) bool {
	return raw[1] == uint8(rtcp.TypeTransportSpecificFeedback) && raw[0]&0x1f == rtcp.FormatTCC
}

// formatCCFB is the feedback message type of RFC 8888, section 3.1.
const formatCCFB = 11

func isCCFB(raw []byte) bool {
	return raw[1] == uint8(rtcp.TypeTransportSpecificFeedback) && raw[0]&0x1f == formatCCFB
}

func (w *worker) rtcpPacket(now time.Duration, t *Transport, raw []byte) {
	if isCCFB(raw) {
		t.out.congestionFeedback(now, raw)
		return
	}
	if isTransportCC(raw) {
		t.out.acknowledged(now, raw)
		return
	}
	pkts, err := rtcp.Unmarshal(raw)
	if err != nil {
		w.srv.metrics.dropped("rtcp_malformed")
		return
	}
	for _, p := range pkts {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			t.in.senderReport(now, p)
			t.out.receptionReports(now, p.Reports)
		case *rtcp.ReceiverReport:
			t.out.receptionReports(now, p.Reports)
		case *rtcp.TransportLayerNack:
			t.out.nack(now, p)
		case *rtcp.PictureLossIndication:
			t.out.keyframeRequest(now, p.MediaSSRC)
		case *rtcp.FullIntraRequest:
			for _, f := range p.FIR {
				t.out.keyframeRequest(now, f.SSRC)
			}
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			t.out.receiverEstimate(p.Bitrate)
		case *rtcp.ExtendedReport:
			t.out.referenceTimes(now, p)
		}
	}
}
