#include "kantei/base/json.h"

#include <utility>
#include <vector>

#include "kantei/base/json_limits.h"

namespace kantei {
namespace {

using namespace json_limits;

// Builds the value and refuses depth before the stack can suffer. The library's own builder looks through all
// earlier members for each key of an ordered object, which a hostile file turns into hours; this one appends
// and checks for equal keys once, when the object ends.
class JsonBuilder final : public nlohmann::json_sax<Json> {
 public:
  explicit JsonBuilder(Json* root) : root_(root) {}
  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(number_integer_t value) override { return Put(value); }
  bool number_unsigned(number_unsigned_t value) override { return Put(value); }
  bool number_float(number_float_t value, const string_t&) override { return Put(value); }
  bool string(string_t& value) override { return Put(std::move(value)); }
  bool binary(binary_t& value) override { return Put(std::move(value)); }
  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_array() override { return open_.pop_back(), true; }
  bool end_object() override {
    const auto& object = open_.back()->get_ref<const Json::object_t&>();
    if (HasEqualKeys(object)) {
      fault_ = " has an object with two equal keys";
      return false;
    }
    return open_.pop_back(), true;
  }
  bool key(string_t& name) override {
    open_.back()->get_ref<Json::object_t&>().emplace_back(std::move(name), Json());
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fault_ = " is malformed at byte " + std::to_string(position);
    return false;
  }
  bool too_deep() const { return too_deep_; }
  const std::string& fault() const { return fault_; }

 private:
  Json* Place(Json value) {
    if (open_.empty()) {
      *root_ = std::move(value);
      return root_;
    }
    if (open_.back()->is_array()) {
      auto& array = open_.back()->get_ref<Json::array_t&>();
      array.push_back(std::move(value));
      return &array.back();
    }
    auto& object = open_.back()->get_ref<Json::object_t&>();
    object.back().second = std::move(value);
    return &object.back().second;
  }
  bool Put(Json value) { return Place(std::move(value)), true; }
  bool Open(Json value) {
    too_deep_ = open_.size() >= static_cast<std::size_t>(kMaxDepth);
    if (!too_deep_) open_.push_back(Place(std::move(value)));
    return !too_deep_;
  }

  Json* root_;
  std::vector<Json*> open_;  // a container grows only while it is the innermost, so the addresses hold
  bool too_deep_ = false;
  std::string fault_ = " is malformed";
};

}  // namespace

Result<Json> ParseJson(std::string_view text, std::string_view source_name) {
  // The library takes a zero byte for the end and would not look at what follows.
  if (const auto zero = text.find('\0'); zero != text.npos) return Malformed(source_name, zero);
  Json json;
  JsonBuilder builder(&json);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return json;
  if (builder.too_deep()) return TooDeep(source_name);
  return Error{ErrorCode::kCorrupt, std::string(source_name) + builder.fault()};
}

std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kantei
