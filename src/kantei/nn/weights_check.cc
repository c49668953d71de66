#include "kantei/nn/weights_check.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "kantei/base/cpu.h"

namespace kantei::nn {
namespace {

constexpr std::size_t kNamesInMessage = 5;

// "3 tensors are missing (a, b, c)"
std::string NamesText(const std::vector<std::string>& names, std::string_view what) {
  std::string text = std::to_string(names.size()) + (names.size() == 1 ? " tensor is " : " tensors are ");
  text.append(what).append(" (");
  for (std::size_t i = 0; i < names.size() && i < kNamesInMessage; ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  return text + (names.size() > kNamesInMessage ? ", ...)" : ")");
}

Error Corrupt(std::string_view file_name, const std::string& what) {
  return {ErrorCode::kCorrupt,
          std::string(file_name) + ": " + what + "; these weights are damaged or belong to another network"};
}

bool Fits(const ExpectedTensor& expected, std::span<const std::int64_t> shape) {
  if (expected.shape.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (expected.shape[i] != -1 && expected.shape[i] != shape[i]) return false;
  }
  return true;
}

// IEEE half to float without branches: the exponent is moved by a multiplication, which also makes subnormals normal;
// exponents of all ones come out as at least 65536 and become infinite or NaN.
KANTEI_MULTIARCH void WidenHalf(const std::uint16_t* __restrict__ in, float* __restrict__ out,
                                std::size_t count) {
  const float scale = std::bit_cast<float>(std::uint32_t{239} << 23);  // 2^112
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t half = in[i];
    const float magnitude = std::bit_cast<float>((half & 0x7fffu) << 13) * scale;
    std::uint32_t bits = std::bit_cast<std::uint32_t>(magnitude);
    bits |= (half & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0u;
    out[i] = std::bit_cast<float>(bits | (half & 0x8000u) << 16);
  }
}

KANTEI_MULTIARCH bool AllFinite(const float* values, std::size_t count) {
  std::uint32_t worst = 0;
  for (std::size_t i = 0; i < count; ++i) {
    worst |= (std::bit_cast<std::uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  }
  return worst == 0;
}

}  // namespace

std::string ShapeText(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + (shape[i] < 0 ? std::string("any") : std::to_string(shape[i]));
  }
  return text + "]";
}

Status CheckTensors(const SafetensorsFile& file, std::string_view file_name,
                    std::span<const ExpectedTensor> expected, const std::string& prefix,
                    const std::set<std::string>& ignored) {
  return CheckTensors(file.tensors(), file_name, expected, prefix, ignored);
}

Status CheckTensors(const std::map<std::string, TensorView>& tensors, std::string_view file_name,
                    std::span<const ExpectedTensor> expected, const std::string& prefix,
                    const std::set<std::string>& ignored) {
  std::map<std::string_view, const ExpectedTensor*> known;
  std::vector<std::string> missing, surplus;
  for (const ExpectedTensor& tensor : expected) {
    known[tensor.name] = &tensor;
    if (!tensor.optional && !tensors.contains(tensor.name)) missing.push_back(tensor.name);
  }
  for (const auto& [name, view] : tensors) {
    if (name.starts_with(prefix) && !ignored.contains(name) && !known.contains(name)) surplus.push_back(name);
  }
  if (!missing.empty() || !surplus.empty()) {
    std::string what = missing.empty() ? "" : NamesText(missing, "missing");
    if (!surplus.empty()) what += (what.empty() ? "" : " and ") + NamesText(surplus, "not known");
    return Corrupt(file_name, what);
  }
  for (const ExpectedTensor& tensor : expected) {
    const auto found = tensors.find(tensor.name);
    if (found != tensors.end() && !Fits(tensor, found->second.shape)) {
      return Corrupt(file_name, "tensor " + tensor.name + " has the shape " + ShapeText(found->second.shape) +
                                    " where " + ShapeText(tensor.shape) + " is expected");
    }
  }
  return {};
}

Result<std::vector<float>> ReadFloats(const TensorView& view, const std::string& name,
                                      std::string_view file_name) {
  const std::size_t count = view.bytes.size() / DTypeSize(view.dtype);
  std::vector<float> values(count);
  if (count == 0) return values;
  switch (view.dtype) {
    case DType::kF32:
      std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
      break;
    case DType::kF64:
      for (std::size_t i = 0; i < count; ++i) {
        double value;
        std::memcpy(&value, view.bytes.data() + 8 * i, 8);
        values[i] = static_cast<float>(value);
      }
      break;
    case DType::kF16:
    case DType::kBF16: {
      std::vector<std::uint16_t> halves(count);  // the file's bytes need not be aligned
      std::memcpy(halves.data(), view.bytes.data(), view.bytes.size());
      if (view.dtype == DType::kF16) {
        WidenHalf(halves.data(), values.data(), count);
      } else {
        for (std::size_t i = 0; i < count; ++i)
          values[i] = std::bit_cast<float>(std::uint32_t{halves[i]} << 16);
      }
      break;
    }
    default:
      return Error{ErrorCode::kUnsupported,
                   std::string(file_name) + ": tensor " + name +
                       " holds whole numbers where fractions are expected; store it as F32 or F16"};
  }
  if (!AllFinite(values.data(), count)) {
    return Corrupt(file_name, "tensor " + name + " has values that are not finite");
  }
  return values;
}

}  // namespace kantei::nn
