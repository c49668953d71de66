#include "kantei/inspect/trace_words.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using authenticity::Trace;
using authenticity::TraceKind;
using authenticity::TraceObstacle;

struct Words {
  Text name, seen, not_seen;
};

/// In the order of kTraceKinds.
const std::array<Words, authenticity::kTraceKinds.size()>& Table() {
  static const std::array<Words, authenticity::kTraceKinds.size()> kTable = {{
      {{"JPEG ghosts", "JPEG ゴースト"},
       {"The marked region seems to have been JPEG-compressed before at another quality than its "
        "surroundings.",
        "印を付けた領域は、以前に周囲と異なる品質で JPEG 圧縮された可能性がある。"},
       {"No part stands out by an earlier JPEG quality of its own.",
        "以前の JPEG 品質が周囲と異なる部分は目立たない。"}},
      {{"Double quantisation", "二重量子化"},
       {"The picture appears to have been JPEG-compressed twice, but the marked region only once.",
        "画像は二度 JPEG 圧縮されたとみられるが、印を付けた領域は一度だけの可能性がある。"},
       {"No part was found that was compressed less often than the rest.",
        "他より圧縮回数の少ない部分は見つからない。"}},
      {{"Shifted JPEG grid", "JPEG 格子のずれ"},
       {"The 8×8 JPEG grid of the marked region lies at another position than that of the picture.",
        "印を付けた領域の 8×8 JPEG 格子は、画像全体の格子と位置が異なる。"},
       {"No part shows a JPEG grid of its own.", "独自の JPEG 格子を示す部分は見つからない。"}},
      {{"Missing JPEG grid", "JPEG 格子の欠落"},
       {"The picture has an 8×8 JPEG grid, but the marked region hardly shows it.",
        "画像には 8×8 の JPEG 格子があるが、印を付けた領域にはほとんど見られない。"},
       {"No part lacks the JPEG grid of the rest.", "JPEG 格子を欠く部分は見つからない。"}},
      {{"Noise", "ノイズ"},
       {"Noise in the marked region differs from its surroundings.",
        "印を付けた領域のノイズは周囲と異なる。"},
       {"The noise differs no more from place to place than is usual.",
        "場所によるノイズの違いは通常の範囲にある。"}},
      {{"Resampled part", "部分的な再標本化"},
       {"The marked region shows the periodic pattern of resizing or turning, its surroundings do not.",
        "印を付けた領域には拡大縮小や回転に伴う周期的な模様があるが、周囲にはない。"},
       {"No part shows a periodic pattern of resizing of its own.",
        "拡大縮小に伴う独自の周期的な模様を示す部分は見つからない。"}},
      {{"Resampled picture", "全体の再標本化"},
       {"The whole picture shows the periodic pattern of resizing or turning, which is common in published "
        "pictures.",
        "画像全体に拡大縮小や回転に伴う周期的な模様がある。公開された画像ではよくあることである。"},
       {"The picture as a whole shows no clear pattern of resizing.",
        "画像全体に拡大縮小の明らかな模様は見られない。"}},
      {{"Upsampling grid", "アップサンプリング格子"},
       {"The spectrum shows an upsampling grid, as image generators and some resizing programs leave it.",
        "スペクトルに、画像生成器や一部の拡大ソフトが残すアップサンプリング格子が見られる。"},
       {"The spectrum shows no clear upsampling grid; many generators leave none.",
        "スペクトルに明らかなアップサンプリング格子は見られない。格子を残さない生成器も多い。"}},
      {{"Copy within the picture", "画像内の複製"},
       {"The marked regions agree with each other in fine detail; one may be a copy of the other.",
        "印を付けた領域どうしは細部まで一致し、一方が他方の複製である可能性がある。"},
       {"No two parts agree in fine detail over a larger area.",
        "広い範囲にわたって細部まで一致する二つの部分は見つからない。"}},
  }};
  return kTable;
}

const Words& WordsOf(TraceKind kind) {
  const auto found = std::find(authenticity::kTraceKinds.begin(), authenticity::kTraceKinds.end(), kind);
  return Table()[static_cast<std::size_t>(found - authenticity::kTraceKinds.begin())];
}

}  // namespace

Text TraceName(TraceKind kind) {
  return WordsOf(kind).name;
}

Text TraceSentence(const Trace& trace, double most_false_alarms) {
  switch (trace.obstacle) {
    case TraceObstacle::kTooSmall:
      return {"Not looked for: the picture is too small.", "画像が小さすぎるため調べていない。"};
    case TraceObstacle::kFlat:
      return {"Not looked for: most of the picture is flat or clipped.",
              "画像の大部分が平坦または白飛び・黒つぶれのため調べていない。"};
    case TraceObstacle::kNoGrid:
      return {"Not looked for: the picture as a whole shows no 8×8 JPEG grid.",
              "画像全体に 8×8 の JPEG 格子が見られないため調べていない。"};
    case TraceObstacle::kNone:
      break;
  }
  const bool rare = std::max(trace.false_alarms.photo, trace.false_alarms.drawn) <= most_false_alarms;
  return rare ? WordsOf(trace.kind).seen : WordsOf(trace.kind).not_seen;
}

Text TraceRateSentence(const Trace& trace) {
  return Fill({"About {0} of authentic photos and {1} of authentic drawn pictures show as much.",
               "加工のない写真の約 {0}、加工のない描画画像の約 {1} が同程度以上の値を示す。"},
              {Same(Percent(trace.false_alarms.photo)), Same(Percent(trace.false_alarms.drawn))});
}

}  // namespace kantei::inspect
