// What a trace in the pixels says, in words. Private to inspect.
#pragma once

#include "kantei/authenticity/traces.h"
#include "kantei/base/text.h"

namespace kantei::inspect {

/// "JPEG ghosts" / "JPEG ゴースト"
Text TraceName(authenticity::TraceKind kind);
/// One sentence: what was seen, if the score is rare among authentic pictures (at most `most_false_alarms` of them, the larger
/// of both source kinds); else that nothing unusual was seen, or why it could not be looked for. Never a verdict.
Text TraceSentence(const authenticity::Trace& trace, double most_false_alarms = 0.05);
/// "About 1% of authentic photos and 5% of authentic drawn pictures show as much." Only for an applicable trace.
Text TraceRateSentence(const authenticity::Trace& trace);

}  // namespace kantei::inspect
