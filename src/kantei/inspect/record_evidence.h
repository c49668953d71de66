// A record of generation as part of the metadata report. Private to inspect.
#pragma once

#include "kantei/inspect/evidence.h"
#include "kantei/inspect/record_finding.h"

namespace kantei::inspect {

/// Does the record tell of this picture?
bool RecordAgrees(const RecordFinding& record);
/// "file", "pixels", "other_pixels", "other_record", "claim_changed": as in JSON.
std::string_view AgreementName(RecordAgreement agreement);

/// The same, or kOtherRecord when the picture carries the hash of another record.
RecordFinding Compared(RecordFinding record, const authenticity::Metadata& metadata);
/// A fact, a ground, a table and the member "record" of the JSON.
void AddRecordEvidence(const RecordFinding& record, CheckReport* report);
/// For a picture of which nothing but the record says something.
Text RecordHeadline(const RecordFinding& record);

}  // namespace kantei::inspect
