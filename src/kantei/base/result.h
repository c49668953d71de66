// Expected failures are values: Result<T> carries either a T or an Error.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kantei {

/// The closed set of ways an operation can fail.
enum class ErrorCode {
  kInvalidArgument,  ///< the caller asked for something that makes no sense
  kNotFound,         ///< a file, picture or bank that was named does not exist
  kCorrupt,          ///< the data contradict their own format
  kTooLarge,         ///< a limit on bytes, pixels, depth or time was passed
  kUnsupported,      ///< well formed, but a variant that is not read
  kUnavailable,      ///< a resource (disk, lock, service) cannot be had now
  kCancelled,        ///< the user or the caller stopped the work
  kInternal,         ///< a bug of ours, caught at the top
};

/// Stable lower-case name of a code, e.g. "too_large"; used in JSON.
std::string_view ErrorCodeName(ErrorCode code);

/// What went wrong: one sentence saying what, which file, what was expected, what to do.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

/// A broken invariant of our own. Thrown by KANTEI_CHECK; caught only in main and at the top of a request.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void FailCheck(const char* file, int line, const char* condition);

#define KANTEI_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::kantei::FailCheck(__FILE__, __LINE__, #condition))

/// Either a value or an Error. Reading the value of an error is a bug (throws InternalError).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    KANTEI_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    KANTEI_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    KANTEI_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    KANTEI_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    KANTEI_CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

#define KANTEI_CONCAT_INNER(a, b) a##b
#define KANTEI_CONCAT(a, b) KANTEI_CONCAT_INNER(a, b)

/// KANTEI_TRY(auto x, F()); assigns the value of F() to x, or returns its error from the enclosing function.
#define KANTEI_TRY_IMPL(temp, target, expression)       \
  auto temp = (expression);                             \
  if (!temp.ok()) return ::kantei::Error(temp.error()); \
  target = std::move(temp).value()
#define KANTEI_TRY(target, expression) \
  KANTEI_TRY_IMPL(KANTEI_CONCAT(kantei_try_, __LINE__), target, expression)

/// Returns the error of a Status (or Result) from the enclosing function, if there is one.
#define KANTEI_RETURN_IF_ERROR(expression)                                  \
  do {                                                                      \
    auto kantei_status = (expression);                                      \
    if (!kantei_status.ok()) return ::kantei::Error(kantei_status.error()); \
  } while (false)

}  // namespace kantei
