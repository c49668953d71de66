#include "kantei/server/survey_sessions.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "kantei/base/append_file.h"
#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/evaluate/survey_results.h"
#include "kantei/server/secrets.h"
#include "kantei/server/survey_plan.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxResults = 1ull << 30;
constexpr std::size_t kCodeLength = 6;
/// Without letters and digits that look alike.
constexpr std::string_view kCodeLetters = "ABCDEFGHJKMNPQRSTVWXYZ23456789";

std::array<unsigned char, 16> RandomBytes() {
  std::array<unsigned char, 16> bytes{};
  KANTEI_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return bytes;
}

std::string RandomCode() {
  std::string code;
  const auto bytes = RandomBytes();
  for (std::size_t i = 0; i < kCodeLength; ++i) code += kCodeLetters[bytes[i] % kCodeLetters.size()];
  return code;
}

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Where a participant stands; made again from the records.
struct Participant {
  std::uint64_t number = 0;
  std::string code, key, language = "en";
  std::vector<SurveyTrial> trials;
  std::size_t next = 0;  ///< the trial
  std::optional<std::int64_t>
      shown_ms;  ///< wall clock of its first showing: a clock that outlives the program
  int reloads = 0;
  std::string choice;  ///< empty: not answered yet
  std::int64_t choice_ms = 0, client_ms = -1;
  // Of the page that is open.
  std::string token;
  std::vector<std::string> pictures;

  void NextTrial() {
    ++next;
    shown_ms.reset();
    reloads = 0;
    choice.clear();
    choice_ms = 0;
    client_ms = -1;
    token.clear();
  }
};

bool IsAnswer(const SurveyTrial& trial, std::string_view answer) {
  return trial.pair ? answer == "left" || answer == "right" : answer == "real" || answer == "edited";
}

}  // namespace

Status SurveyOptions::Validate() const {
  const auto bad = [](const std::string& what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (set.empty()) return bad("the set is not named");
  if (results.empty()) return bad("the results file is not named");
  if (trials < 2 || trials > 2000) return bad("trials must be between 2 and 2000");
  if (participants < 1 || participants > 100'000) return bad("participants must be between 1 and 100000");
  return {};
}

struct SurveySessions::State {
  State(SurveyOptions made_of, SurveyPlan made_plan, AppendFile opened)
      : options(std::move(made_of)), plan(std::move(made_plan)), file(std::move(opened)) {}

  const SurveyOptions options;
  const SurveyPlan plan;
  mutable std::mutex mutex;
  AppendFile file;
  std::map<std::string, Participant> participants;     ///< by code
  std::unordered_map<std::string, std::string> codes;  ///< by key
  std::unordered_map<std::string, fs::path> pictures;  ///< by token, of open pages

  Status Write(const Json& record) { return file.AppendLine(DumpJson(record)); }

  Participant& Add(const std::string& code, std::uint64_t number, const std::string& language) {
    Participant& participant = participants[code];
    participant.number = number;
    participant.code = code;
    participant.language = language;
    participant.trials = plan.Trials(number, static_cast<std::size_t>(options.trials));
    return participant;
  }

  Result<Participant*> Find(std::string_view key) {
    const auto code = codes.find(std::string(key));
    if (code == codes.end())
      return Error{ErrorCode::kNotFound, "this page is no longer the participant's; enter the code again"};
    return &participants.at(code->second);
  }

  void ForgetPictures(Participant* participant) {
    for (const std::string& token : participant->pictures) pictures.erase(token);
    participant->pictures.clear();
  }

  SurveyEntry GiveKey(Participant* participant) {
    codes.erase(participant->key);
    ForgetPictures(participant);
    participant->token.clear();
    participant->key = RandomToken();
    codes.emplace(participant->key, participant->code);
    return {participant->code, participant->key};
  }

  /// A record of an earlier run. What does not fit is left out: the file may have been cut off.
  void Replay(const Json& record) {
    const auto text = [&](const char* name) {
      const Json value = record.value(name, Json());
      return value.is_string() ? value.get<std::string>() : std::string();
    };
    const auto number = [&](const char* name, std::int64_t otherwise) {
      const Json value = record.value(name, Json());
      return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
    };
    const std::string type = text("type"), code = text("participant");
    if (type == "start") {
      if (!code.empty() && code.size() <= 40 && !participants.contains(code))
        Add(code, static_cast<std::uint64_t>(number("number", 0)), text("language"));
      return;
    }
    const auto found = participants.find(code);
    if (found == participants.end()) return;
    Participant& participant = found->second;
    if (participant.next >= participant.trials.size() ||
        number("trial", -1) != static_cast<std::int64_t>(participant.next))
      return;
    if (type == "shown") {
      if (!participant.shown_ms) {
        participant.shown_ms = number("at_ms", NowMs());
      } else {
        ++participant.reloads;
      }
    } else if (type == "choice" && participant.choice.empty() &&
               IsAnswer(participant.trials[participant.next], text("answer"))) {
      participant.choice = text("answer");
      participant.choice_ms = std::max<std::int64_t>(0, number("ms", 0));
      participant.client_ms = std::max<std::int64_t>(-1, number("client_ms", -1));
    } else if (type == "answer") {
      participant.NextTrial();
    }
  }

  evaluate::SurveyAnswer Answer(const Participant& participant, int confidence) const {
    const SurveyTrial& trial = participant.trials[participant.next];
    evaluate::SurveyAnswer answer;
    answer.participant = participant.code;
    answer.trial = static_cast<std::int64_t>(participant.next);
    answer.pair = trial.pair;
    answer.picture = trial.picture;
    answer.engine = trial.engine;
    answer.source = trial.source;
    answer.edited = trial.edited;
    answer.answer = participant.choice;
    answer.correct = participant.choice == trial.answer;
    answer.confidence = confidence;
    answer.ms = participant.choice_ms;
    answer.client_ms = participant.client_ms;
    answer.reloads = participant.reloads;
    answer.language = participant.language;
    answer.time = UtcNow();
    return answer;
  }

  /// The participant whose trial with this token is being shown.
  Result<Participant*> FindTrial(std::string_view key, std::string_view token) {
    KANTEI_TRY(Participant * participant, Find(key));
    if (participant->token.empty() || participant->token != token)
      return Error{ErrorCode::kInvalidArgument, "this trial is no longer the current one"};
    return participant;
  }
};

SurveySessions::SurveySessions(std::unique_ptr<State> state) : state_(std::move(state)) {}
SurveySessions::~SurveySessions() = default;

Result<std::unique_ptr<SurveySessions>> SurveySessions::Open(const SurveyOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const auto samples, dataset::ReadAuthenticitySet(options.set));
  KANTEI_TRY(SurveyPlan plan, SurveyPlan::Make(samples, options.set, options.pairs, options.seed));
  KANTEI_TRY(const std::string listing, Sha256File(options.set / dataset::kAuthenticitySetFile));
  const Json survey{
      {"type", "survey"},         {"set", listing},       {"mode", options.pairs ? "pair" : "single"},
      {"trials", options.trials}, {"seed", options.seed}, {"version", KANTEI_VERSION}};
  // Locked before it is read, so that two servers cannot interleave.
  KANTEI_TRY(AppendFile file, AppendFile::Open(options.results));
  KANTEI_TRY(const std::string text, ReadTextFile(options.results, kMaxResults));
  auto state = std::make_unique<State>(options, std::move(plan), std::move(file));
  bool begun = false;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto record = ParseJson(rest.substr(0, end), "a line");
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!record.ok() || !record->is_object()) continue;
    if (!begun) {
      for (const char* name : {"type", "set", "mode", "trials", "seed"})
        if (record->value(name, Json()) != survey[name])
          return Error{ErrorCode::kInvalidArgument, DisplayPath(options.results) +
                                                        " belongs to another survey (its " + name +
                                                        " differs); name another file with --results"};
      begun = true;
      continue;
    }
    state->Replay(*record);
  }
  if (!begun) KANTEI_RETURN_IF_ERROR(state->Write(survey));
  return std::unique_ptr<SurveySessions>(new SurveySessions(std::move(state)));
}

Result<SurveyEntry> SurveySessions::Start(std::string_view language) {
  const std::lock_guard lock(state_->mutex);
  const std::size_t number = state_->participants.size();
  if (number >= static_cast<std::size_t>(state_->options.participants))
    return Error{ErrorCode::kTooLarge, "the survey has all its participants"};
  std::string code = RandomCode();
  while (state_->participants.contains(code)) code = RandomCode();
  const std::string known = language == "ja" ? "ja" : "en";
  KANTEI_RETURN_IF_ERROR(state_->Write(Json{{"type", "start"},
                                            {"participant", code},
                                            {"number", number},
                                            {"language", known},
                                            {"time", UtcNow()}}));
  return state_->GiveKey(&state_->Add(code, number, known));
}

Result<SurveyEntry> SurveySessions::Resume(std::string_view code, std::string_view language) {
  const std::lock_guard lock(state_->mutex);
  std::string upper(code.substr(0, 40));
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const auto found = state_->participants.find(upper);
  if (found == state_->participants.end()) return Error{ErrorCode::kNotFound, "no participant has this code"};
  found->second.language = language == "ja" ? "ja" : "en";
  return state_->GiveKey(&found->second);
}

Result<SurveyView> SurveySessions::Current(std::string_view key) {
  const std::lock_guard lock(state_->mutex);
  KANTEI_TRY(Participant * participant, state_->Find(key));
  state_->ForgetPictures(participant);
  SurveyView view;
  view.index = participant->next;
  view.total = participant->trials.size();
  if (participant->next >= participant->trials.size()) {
    view.done = true;
    return view;
  }
  const SurveyTrial& trial = participant->trials[participant->next];
  const std::int64_t now = NowMs();
  KANTEI_RETURN_IF_ERROR(state_->Write(Json{
      {"type", "shown"}, {"participant", participant->code}, {"trial", participant->next}, {"at_ms", now}}));
  if (!participant->shown_ms) {
    participant->shown_ms = now;
  } else {
    ++participant->reloads;
  }
  participant->token = RandomToken();
  view.token = participant->token;
  view.pair = trial.pair;
  view.awaits_confidence = !participant->choice.empty();
  for (const fs::path* file : {&trial.left, &trial.right}) {
    if (file->empty()) continue;
    participant->pictures.push_back(RandomToken());
    state_->pictures.emplace(participant->pictures.back(), *file);
  }
  view.pictures = participant->pictures;
  return view;
}

Status SurveySessions::Choose(std::string_view key, std::string_view token, std::string_view answer,
                              std::int64_t client_ms) {
  const std::lock_guard lock(state_->mutex);
  KANTEI_TRY(Participant * participant, state_->FindTrial(key, token));
  if (!participant->choice.empty())
    return Error{ErrorCode::kInvalidArgument, "this trial is answered; the answer stays"};
  if (!IsAnswer(participant->trials[participant->next], answer))
    return Error{ErrorCode::kInvalidArgument, "the answer is none of this trial's"};
  const std::int64_t ms = std::max<std::int64_t>(0, NowMs() - *participant->shown_ms);
  // A page cannot have looked at a picture for longer than the server knows of it.
  const std::int64_t told = client_ms >= 0 && client_ms <= ms ? client_ms : -1;
  KANTEI_RETURN_IF_ERROR(state_->Write(Json{{"type", "choice"},
                                            {"participant", participant->code},
                                            {"trial", participant->next},
                                            {"answer", std::string(answer)},
                                            {"ms", ms},
                                            {"client_ms", told}}));
  participant->choice = answer;
  participant->choice_ms = ms;
  participant->client_ms = told;
  return {};
}

Status SurveySessions::Rate(std::string_view key, std::string_view token, int confidence) {
  const std::lock_guard lock(state_->mutex);
  KANTEI_TRY(Participant * participant, state_->FindTrial(key, token));
  if (participant->choice.empty()) return Error{ErrorCode::kInvalidArgument, "the trial is not answered yet"};
  if (confidence < 1 || confidence > 5)
    return Error{ErrorCode::kInvalidArgument, "the confidence must be between 1 and 5"};
  KANTEI_RETURN_IF_ERROR(state_->Write(evaluate::SurveyAnswerJson(state_->Answer(*participant, confidence))));
  state_->ForgetPictures(participant);
  participant->NextTrial();
  return {};
}

Result<fs::path> SurveySessions::Picture(std::string_view token) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->pictures.find(std::string(token));
  if (found == state_->pictures.end()) return Error{ErrorCode::kNotFound, "there is no such picture"};
  return found->second;
}

}  // namespace kantei::server
