// What evaluate authenticity and calibrate share; their actions take a detector, so that tests can give one.
#pragma once

#include <string>
#include <vector>

#include "kantei/authenticity/detector_factory.h"
#include "kantei/cli/session.h"
#include "kantei/dataset/authenticity_readers.h"
#include "kantei/evaluate/authenticity_calibration.h"
#include "kantei/evaluate/authenticity_evaluation.h"

namespace kantei::cli {

/// Where the labelled pictures are.
struct AuthenticitySetArguments {
  std::string set;              ///< a folder, list or table
  std::string authentic, fake;  ///< two folders, instead
  std::string fake_is = "generated";
  std::string layout, raw_root, fake_root, engine, source, split;
  dataset::CsvPatterns csv;
};
void AddAuthenticitySetOptions(CLI::App* verb, AuthenticitySetArguments* arguments);
Result<std::vector<dataset::AuthenticitySample>> ReadSet(const AuthenticitySetArguments& arguments);
/// For reports and profiles.
std::string SetName(const AuthenticitySetArguments& arguments);
/// kantei-cache beside the samples; empty for two folders.
std::filesystem::path DefaultCache(const AuthenticitySetArguments& arguments);

struct DetectorArguments {
  std::string model;  ///< a name or a file; empty: the shipped detector
  bool bfloat16 = false;
};
void AddDetectorOptions(CLI::App* verb, DetectorArguments* arguments);
Result<std::unique_ptr<authenticity::ManipulationDetector>> OpenDetector(const DetectorArguments& arguments);

struct EvaluateAuthenticityArguments {
  AuthenticitySetArguments set;
  DetectorArguments detector;
  std::string profile, cache, html;
  std::vector<std::string> robustness;
  bool plain = false, no_cache = false;
  evaluate::AuthenticityEvaluationOptions options;
};
Result<int> RunEvaluateAuthenticity(Session* session, EvaluateAuthenticityArguments* arguments,
                                    const authenticity::ManipulationDetector& detector);
void AddEvaluateAuthenticity(CLI::App* evaluate_verb, Session* session);

struct CalibrateArguments {
  AuthenticitySetArguments set;
  DetectorArguments detector;
  std::string cache, out;
  std::vector<std::string> questions, handling;
  bool plain = false, no_cache = false;
  evaluate::AuthenticityCalibrationOptions options;
};
Result<int> RunCalibrate(Session* session, CalibrateArguments* arguments,
                         const authenticity::ManipulationDetector& detector);

}  // namespace kantei::cli
