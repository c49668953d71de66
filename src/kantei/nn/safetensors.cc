#include "kantei/nn/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "kantei/base/json.h"

namespace kantei::nn {
namespace {

// The format: 8 bytes little-endian header length, the header (a JSON object, padded with spaces), the
// tensors' bytes.
constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr std::size_t kMaxDimensions = 32;
constexpr std::string_view kMetadataKey = "__metadata__";

struct DTypeEntry {
  DType dtype;
  std::string_view name;
  std::size_t size;
};
constexpr std::array<DTypeEntry, 12> kDTypes = {{{DType::kU8, "U8", 1},
                                                 {DType::kI8, "I8", 1},
                                                 {DType::kI16, "I16", 2},
                                                 {DType::kU16, "U16", 2},
                                                 {DType::kF16, "F16", 2},
                                                 {DType::kBF16, "BF16", 2},
                                                 {DType::kI32, "I32", 4},
                                                 {DType::kU32, "U32", 4},
                                                 {DType::kF32, "F32", 4},
                                                 {DType::kF64, "F64", 8},
                                                 {DType::kI64, "I64", 8},
                                                 {DType::kU64, "U64", 8}}};

const DTypeEntry& EntryOf(DType dtype) {
  const auto found = std::find_if(kDTypes.begin(), kDTypes.end(),
                                  [&](const DTypeEntry& entry) { return entry.dtype == dtype; });
  KANTEI_CHECK(found != kDTypes.end());
  return *found;
}

// Bytes of a tensor; false when the product does not fit.
bool ByteCount(DType dtype, std::span<const std::int64_t> shape, std::uint64_t* bytes) {
  *bytes = DTypeSize(dtype);
  for (const std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(*bytes, static_cast<std::uint64_t>(length), bytes)) return false;
  }
  return true;
}

std::string ShapeText(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

struct HeaderTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // within the data
};

// Turns the parsed header into tensors and metadata; `file` is its display name, for messages.
class HeaderReader {
 public:
  HeaderReader(std::string file, std::uint64_t data_bytes)
      : file_(std::move(file)), data_bytes_(data_bytes) {}

  Result<std::vector<HeaderTensor>> Read(const Json& header,
                                         std::map<std::string, std::string>* metadata) const {
    if (!header.is_object()) return Corrupt("its header is no JSON object");
    std::vector<HeaderTensor> tensors;
    for (const auto& [key, value] : header.items()) {
      if (key == kMetadataKey) {
        KANTEI_RETURN_IF_ERROR(ReadMetadata(value, metadata));
      } else {
        KANTEI_TRY(HeaderTensor tensor, ReadTensor(key, value));
        tensors.push_back(std::move(tensor));
      }
    }
    std::sort(tensors.begin(), tensors.end(), [](const HeaderTensor& a, const HeaderTensor& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    std::uint64_t at = 0;
    for (const HeaderTensor& tensor : tensors) {
      if (tensor.begin != at) {
        return Corrupt("tensor " + tensor.name + " begins at byte " + std::to_string(tensor.begin) +
                       " of the data where byte " + std::to_string(at) + " was expected (" +
                       (tensor.begin < at ? "overlap" : "hole") + ")");
      }
      at = tensor.end;
    }
    if (at != data_bytes_) {
      return Corrupt("the last tensor ends at byte " + std::to_string(at) + " of " +
                     std::to_string(data_bytes_) + " bytes of data");
    }
    return tensors;
  }

  Error Corrupt(const std::string& what) const {
    return {ErrorCode::kCorrupt, file_ + " is not a sound safetensors file: " + what + "; fetch it again"};
  }

 private:
  Status ReadMetadata(const Json& value, std::map<std::string, std::string>* metadata) const {
    if (!value.is_object()) return Corrupt("__metadata__ is no JSON object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) return Corrupt("the metadata entry " + key + " is no text");
      (*metadata)[key] = text.get<std::string>();
    }
    return {};
  }

  Result<HeaderTensor> ReadTensor(const std::string& name, const Json& value) const {
    const auto corrupt = [&](const std::string& what) { return Corrupt("tensor " + name + " " + what); };
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets")) {
      return corrupt("needs dtype, shape and data_offsets and nothing else");
    }
    HeaderTensor tensor;
    tensor.name = name;
    const Json& dtype = value["dtype"];
    if (!dtype.is_string()) return corrupt("has a dtype that is no text");
    const std::string& dtype_name = dtype.get_ref<const std::string&>();
    const auto known = std::find_if(kDTypes.begin(), kDTypes.end(),
                                    [&](const DTypeEntry& entry) { return entry.name == dtype_name; });
    if (known == kDTypes.end()) {
      return Error{ErrorCode::kUnsupported,
                   file_ + ": tensor " + name + " has the dtype " + dtype_name +
                       ", which is not read; convert it to one of the plain number types"};
    }
    tensor.dtype = known->dtype;

    const Json& shape = value["shape"];
    if (!shape.is_array() || shape.size() > kMaxDimensions)
      return corrupt("has no list of sizes as its shape");
    for (const Json& length : shape) {
      if (!length.is_number_unsigned() ||
          length.get<std::uint64_t>() >
              static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return corrupt("has a size in its shape that is no whole number");
      }
      tensor.shape.push_back(static_cast<std::int64_t>(length.get<std::uint64_t>()));
    }
    std::uint64_t bytes = 0;
    if (!ByteCount(tensor.dtype, tensor.shape, &bytes)) return corrupt("has a shape beyond 64 bits");

    const Json& offsets = value["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      return corrupt("needs two whole numbers as its data_offsets");
    }
    tensor.begin = offsets[0].get<std::uint64_t>();
    tensor.end = offsets[1].get<std::uint64_t>();
    if (tensor.begin > tensor.end || tensor.end > data_bytes_) return corrupt("lies outside the data");
    if (tensor.end - tensor.begin != bytes) {
      return corrupt("of shape " + ShapeText(tensor.shape) + " needs " + std::to_string(bytes) +
                     " bytes, not " + std::to_string(tensor.end - tensor.begin));
    }
    return tensor;
  }

  std::string file_;
  std::uint64_t data_bytes_;
};

std::uint64_t ReadLittleEndian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

}  // namespace

std::size_t DTypeSize(DType dtype) {
  return EntryOf(dtype).size;
}

Result<SafetensorsFile> SafetensorsFile::Open(const std::filesystem::path& path) {
  SafetensorsFile opened;
  KANTEI_TRY(opened.file_, MappedFile::Open(path));
  const std::string name = DisplayPath(path);
  const auto bytes = opened.file_.bytes();
  const auto corrupt = [&](const std::string& what) { return HeaderReader(name, 0).Corrupt(what); };
  if (bytes.size() < kLengthBytes) return corrupt("it has fewer than 8 bytes");
  // Before the length, which is any number in a file of another kind.
  if (bytes.size() > kLengthBytes && bytes[kLengthBytes] != std::byte{'{'})
    return corrupt("it is no safetensors file: its header does not begin with {");
  const std::uint64_t header_bytes = ReadLittleEndian(bytes);
  if (header_bytes > kMaxHeaderBytes) {
    return Error{ErrorCode::kTooLarge, name + " states a header of " + std::to_string(header_bytes) +
                                           " bytes; the limit is " + std::to_string(kMaxHeaderBytes) +
                                           " bytes"};
  }
  if (header_bytes > bytes.size() - kLengthBytes) return corrupt("its header is longer than the file");
  const auto header_span = bytes.subspan(kLengthBytes, static_cast<std::size_t>(header_bytes));
  const std::string_view header(reinterpret_cast<const char*>(header_span.data()), header_span.size());
  if (!header.starts_with('{')) return corrupt("its header is empty");
  KANTEI_TRY(const Json json, ParseJson(header, "the header of " + name));
  const auto data = bytes.subspan(kLengthBytes + header.size());
  KANTEI_TRY(auto tensors, HeaderReader(name, data.size()).Read(json, &opened.metadata_));
  for (HeaderTensor& tensor : tensors) {
    const auto begin = static_cast<std::size_t>(tensor.begin), end = static_cast<std::size_t>(tensor.end);
    opened.tensors_.emplace(std::move(tensor.name), TensorView{tensor.dtype, std::move(tensor.shape),
                                                               data.subspan(begin, end - begin)});
  }
  return opened;
}

Result<TensorView> SafetensorsFile::Get(const std::string& name, DType dtype,
                                        std::span<const std::int64_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return Error{ErrorCode::kNotFound, "the weights have no tensor " + name};
  const TensorView& tensor = found->second;
  if (tensor.dtype != dtype) {
    return Error{ErrorCode::kCorrupt, "tensor " + name + " has the dtype " +
                                          std::string(EntryOf(tensor.dtype).name) + "; expected " +
                                          std::string(EntryOf(dtype).name)};
  }
  const bool fits =
      tensor.shape.size() == shape.size() &&
      std::equal(shape.begin(), shape.end(), tensor.shape.begin(),
                 [](std::int64_t wanted, std::int64_t is) { return wanted == -1 || wanted == is; });
  if (!fits) {
    return Error{ErrorCode::kCorrupt, "tensor " + name + " has the shape " + ShapeText(tensor.shape) +
                                          "; expected " + ShapeText(shape)};
  }
  return tensor;
}

Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                        const std::map<std::string, std::string>& metadata) {
  const auto invalid = [&](const std::string& what) {
    return Error{ErrorCode::kInvalidArgument, DisplayPath(path) + " cannot be written: " + what};
  };
  // Widest numbers first, so that every tensor lies at a multiple of its own number's size; then by name, so
  // that equal content gives equal bytes.
  std::vector<const TensorToWrite*> order;
  std::set<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) {
    std::uint64_t bytes = 0;
    if (tensor.name == kMetadataKey) return invalid("no tensor may be called __metadata__");
    if (!names.insert(tensor.name).second) return invalid("two tensors are called " + tensor.name);
    if (tensor.shape.size() > kMaxDimensions)
      return invalid("tensor " + tensor.name + " has too many dimensions");
    if (!ByteCount(tensor.dtype, tensor.shape, &bytes) || bytes != tensor.bytes.size()) {
      return invalid("tensor " + tensor.name + " of shape " + ShapeText(tensor.shape) + " does not have " +
                     std::to_string(tensor.bytes.size()) + " bytes");
    }
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
    const std::size_t size_a = DTypeSize(a->dtype), size_b = DTypeSize(b->dtype);
    return size_a != size_b ? size_a > size_b : a->name < b->name;
  });

  Json header = Json::object();
  if (!metadata.empty()) {
    Json entries = Json::object();
    for (const auto& [key, text] : metadata) entries[key] = text;
    header[std::string(kMetadataKey)] = std::move(entries);
  }
  std::uint64_t at = 0;
  for (const TensorToWrite* tensor : order) {
    const std::uint64_t end = at + tensor->bytes.size();
    header[tensor->name] = {{"dtype", EntryOf(tensor->dtype).name},
                            {"shape", Json(tensor->shape)},
                            {"data_offsets", Json::array({at, end})}};
    at = end;
  }
  std::string text = DumpJson(header);
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxHeaderBytes) return invalid("its header would pass the format's limit of 100 MB");

  Bytes file;
  file.reserve(kLengthBytes + text.size() + static_cast<std::size_t>(at));
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    file.push_back(static_cast<std::byte>(text.size() >> (8 * i)));
  const auto text_bytes = std::as_bytes(std::span(text));
  file.insert(file.end(), text_bytes.begin(), text_bytes.end());
  for (const TensorToWrite* tensor : order)
    file.insert(file.end(), tensor->bytes.begin(), tensor->bytes.end());
  return WriteFileAtomic(path, file);
}

}  // namespace kantei::nn
