#include "kantei/dataset/plan_fields.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace kantei::dataset {
namespace {

constexpr std::size_t kMostText = 4096, kMostShown = 60;

std::string Plain(double value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << value;
  return text.str();
}

bool IsText(const Json& json) {
  if (!json.is_string()) return false;
  const std::string& text = json.get_ref<const std::string&>();
  return text.size() <= kMostText && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

}  // namespace

PlanFields::PlanFields(const Json& object, std::string place) : object_(object), place_(std::move(place)) {
  if (!object_.is_object())
    problem_ = Error{ErrorCode::kInvalidArgument, place_ + ": expected an object in braces"};
}

std::string PlanFields::PlaceOf(const std::string& key) const {
  return place_ + (place_.find(',') == std::string::npos ? ", " : ".") + key;
}

void PlanFields::Fail(const std::string& key, const std::string& expected) {
  if (!problem_.ok()) return;
  std::string is;
  if (Has(key.c_str())) {
    is = DumpJson(object_.at(key));
    if (is.size() > kMostShown) is = is.substr(0, kMostShown) + "...";
    is = " is " + is;
  }
  problem_ = Error{ErrorCode::kInvalidArgument, PlaceOf(key) + is + "; expected " + expected};
}

void PlanFields::Take(const Status& status) {
  if (problem_.ok()) problem_ = status;
}

const Json* PlanFields::Find(const char* key) {
  known_.insert(key);
  return Has(key) ? &object_.at(key) : nullptr;
}

void PlanFields::Number(const char* key, double least, double most, double* value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  const double given = json->is_number() ? json->get<double>() : NAN;
  if (!(given >= least && given <= most))
    return Fail(key, "a number from " + Plain(least) + " to " + Plain(most));
  *value = given;
}

void PlanFields::Integer(const char* key, int least, int most, int* value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_number_integer() || *json < least || *json > most)
    return Fail(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  *value = json->get<int>();
}

void PlanFields::Seed(const char* key, std::uint64_t* value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_number_unsigned()) return Fail(key, "a whole number from 0 on");
  *value = json->get<std::uint64_t>();
}

void PlanFields::Flag(const char* key, bool* value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_boolean()) return Fail(key, "true or false");
  *value = json->get<bool>();
}

void PlanFields::Text(const char* key, std::string* value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!IsText(*json)) return Fail(key, "text of at most 4096 bytes in one line");
  *value = json->get<std::string>();
}

void PlanFields::Choice(const char* key, const std::vector<std::string_view>& choices, std::string* value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  std::string names;
  for (const std::string_view choice : choices) {
    if (*json == std::string(choice)) *value = choice;
    names += (names.empty() ? "" : ", ") + std::string(choice);
  }
  if (*json != *value) Fail(key, "one of " + names);
}

void PlanFields::Texts(const char* key, std::vector<std::string>* value) {
  const Json* json = List(key);
  if (json == nullptr) return;
  value->clear();
  for (const Json& item : *json) {
    if (!IsText(item) || item == "") return Fail(key, "a list of texts");
    value->push_back(item.get<std::string>());
  }
}

void PlanFields::Range(const char* key, double least, double most, double* low, double* high) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  const bool two = json->is_array() && json->size() == 2 && (*json)[0].is_number() && (*json)[1].is_number();
  const double a = two ? (*json)[0].get<double>() : NAN, b = two ? (*json)[1].get<double>() : NAN;
  if (!(a >= least && a <= b && b <= most))
    return Fail(key, "[least, most] from " + Plain(least) + " to " + Plain(most));
  *low = a;
  *high = b;
}

const Json* PlanFields::Object(const char* key) {
  const Json* json = Find(key);
  if (json != nullptr && !json->is_object()) {
    Fail(key, "an object in braces");
    return nullptr;
  }
  return json;
}

const Json* PlanFields::List(const char* key) {
  const Json* json = Find(key);
  if (json != nullptr && !json->is_array()) {
    Fail(key, "a list in brackets");
    return nullptr;
  }
  return json;
}

Status PlanFields::Finish() {
  if (!problem_.ok() || !object_.is_object()) return problem_;
  for (const auto& [key, value] : object_.items()) {
    if (key.starts_with('#') || known_.contains(key)) continue;
    std::string names;
    for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
    return Error{ErrorCode::kInvalidArgument,
                 PlaceOf(key) + " is not known; there are " + names + " (and remarks, which begin with '#')"};
  }
  return {};
}

}  // namespace kantei::dataset
