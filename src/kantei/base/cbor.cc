#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "kantei/base/json.h"
#include "kantei/base/json_limits.h"

namespace kantei {
namespace {

using namespace json_limits;

constexpr std::size_t kMaxItems = 1'000'000;

// The JSON library's own CBOR reader recurses without a bound on tags and on indefinite strings and refuses
// integer keys, all of which occur in hostile or honest C2PA data; hence this one. Tags are skipped,
// undefined becomes null, integer keys become their decimal text.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : bytes_(bytes) {}

  bool ReadDocument(Json* value) { return ReadItem(value, 0) && position_ == bytes_.size(); }
  bool too_deep() const { return too_deep_; }
  bool too_many() const { return items_ > kMaxItems; }
  std::size_t position() const { return position_; }

 private:
  struct Head {
    unsigned major = 0, info = 0;
    std::uint64_t argument = 0;
    bool indefinite() const { return info == 31; }
  };

  std::size_t remaining() const { return bytes_.size() - position_; }

  bool ReadHead(Head* head) {
    if (remaining() == 0) return false;
    const auto initial = static_cast<unsigned char>(bytes_[position_++]);
    head->major = initial >> 5;
    head->info = initial & 31u;
    head->argument = head->info;
    if (head->info < 24 || head->info == 31) return true;
    if (head->info > 27) return false;
    const std::size_t count = std::size_t{1} << (head->info - 24);
    if (remaining() < count) return false;
    head->argument = 0;
    for (std::size_t i = 0; i < count; ++i) {
      head->argument = head->argument << 8 | static_cast<unsigned char>(bytes_[position_++]);
    }
    return true;
  }

  bool AtBreak() {
    if (remaining() == 0 || static_cast<unsigned char>(bytes_[position_]) != 0xFF) return false;
    ++position_;
    return true;
  }

  // The payload of a byte or text string whose head was read; an indefinite one is its definite chunks
  // joined.
  bool ReadString(const Head& head, std::string* text) {
    if (!head.indefinite()) {
      if (head.argument > remaining()) return false;
      text->append(bytes_.substr(position_, head.argument));
      position_ += head.argument;
      return true;
    }
    while (!AtBreak()) {
      Head chunk;
      if (!ReadHead(&chunk) || chunk.major != head.major || chunk.indefinite() || !ReadString(chunk, text))
        return false;
    }
    return true;
  }

  bool ReadKey(std::string* key) {
    Head head;
    if (!ReadHead(&head)) return false;
    if (head.major == 3) return ReadString(head, key);
    if (head.major > 1 || head.indefinite()) return false;
    if (head.major == 1 && head.argument == std::numeric_limits<std::uint64_t>::max()) return false;
    *key = head.major == 0 ? "" : "-";
    key->append(std::to_string(head.argument + head.major));  // major 1 stores -1 - n
    return true;
  }

  bool ReadArray(const Head& head, Json* value, int depth) {
    *value = Json::array();
    auto& array = value->get_ref<Json::array_t&>();
    if (!head.indefinite() && head.argument > remaining()) return false;  // an item has at least one byte
    for (std::uint64_t i = 0; head.indefinite() ? !AtBreak() : i < head.argument; ++i) {
      array.emplace_back();
      if (!ReadItem(&array.back(), depth + 1)) return false;
    }
    return true;
  }

  bool ReadMap(const Head& head, Json* value, int depth) {
    *value = Json::object();
    auto& object = value->get_ref<Json::object_t&>();
    if (!head.indefinite() && head.argument > remaining() / 2) return false;
    for (std::uint64_t i = 0; head.indefinite() ? !AtBreak() : i < head.argument; ++i) {
      std::string key;
      if (!ReadKey(&key)) return false;
      // Appended without the library's linear search for an equal key, which would be quadratic; checked
      // below.
      object.emplace_back(std::move(key), Json());
      if (!ReadItem(&object.back().second, depth + 1)) return false;
    }
    return !HasEqualKeys(object);
  }

  bool ReadSimple(const Head& head, Json* value) {
    switch (head.info) {
      case 20:
      case 21:
        *value = head.info == 21;
        return true;
      case 22:
      case 23:
        *value = nullptr;
        return true;
      case 25: {  // half precision, RFC 8949 appendix D
        const int exponent = static_cast<int>(head.argument >> 10 & 31);
        const double mantissa = static_cast<double>(head.argument & 1023);
        double number = exponent == 0    ? std::ldexp(mantissa, -24)
                        : exponent != 31 ? std::ldexp(mantissa + 1024, exponent - 25)
                        : mantissa == 0  ? std::numeric_limits<double>::infinity()
                                         : std::numeric_limits<double>::quiet_NaN();
        *value = (head.argument & 0x8000) != 0 ? -number : number;
        return true;
      }
      case 26:
        *value = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(head.argument)));
        return true;
      case 27:
        *value = std::bit_cast<double>(head.argument);
        return true;
      default:
        return false;
    }
  }

  bool ReadItem(Json* value, int depth) {
    too_deep_ = depth > kMaxDepth;
    if (too_deep_ || ++items_ > kMaxItems) return false;
    Head head;
    do {
      if (!ReadHead(&head)) return false;
      if (head.indefinite() && (head.major < 2 || head.major > 5)) return false;
    } while (head.major == 6);
    std::string text;
    switch (head.major) {
      case 0:
        *value = head.argument;
        return true;
      case 1:
        if (head.argument <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
          *value = -1 - static_cast<std::int64_t>(head.argument);
        } else {
          *value = -1.0 - static_cast<double>(head.argument);
        }
        return true;
      case 2:
        if (!ReadString(head, &text)) return false;
        *value = Json::binary(Json::binary_t::container_type(text.begin(), text.end()));
        return true;
      case 3:
        if (!ReadString(head, &text)) return false;
        *value = std::move(text);
        return true;
      case 4:
        return ReadArray(head, value, depth);
      case 5:
        return ReadMap(head, value, depth);
      default:
        return ReadSimple(head, value);
    }
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::size_t items_ = 0;
  bool too_deep_ = false;
};

}  // namespace

Result<Json> ParseCbor(std::string_view bytes, std::string_view source_name) {
  Json json;
  CborReader reader(bytes);
  if (reader.ReadDocument(&json)) return json;
  if (reader.too_deep()) return TooDeep(source_name);
  if (reader.too_many()) {
    return Error{ErrorCode::kTooLarge,
                 std::string(source_name) + " has more than " + std::to_string(kMaxItems) + " items"};
  }
  return Malformed(source_name, reader.position());
}

}  // namespace kantei
