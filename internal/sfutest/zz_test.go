package sfutest
import ("testing";"strings"
"github.com/pion/webrtc/v4")
func TestZZ(t *testing.T) {
	a, _ := webrtc.NewPeerConnection(webrtc.Configuration{})
	a.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	o, _ := a.CreateOffer(nil)
	for _, pre := range []string{"a=ice-ufrag","a=fingerprint","a=setup", "a=mid"} {
	b, _ := webrtc.NewPeerConnection(webrtc.Configuration{})
	o2 := o; o2.SDP = without(o.SDP, pre)
	err := b.SetRemoteDescription(o2)
	t.Log(pre, err, b.SignalingState())
	const emptySDP = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	t.Log(b.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeRollback, SDP: emptySDP}), b.SignalingState())
	t.Log(b.SetRemoteDescription(o), b.SignalingState())
	b.Close()
	}
	o2 := o; o2.SDP = strings.ReplaceAll(o.SDP, "VP8/90000","X/90000")
	_ = o2
	a.Close()
}
