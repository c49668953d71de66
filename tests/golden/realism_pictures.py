"""The pictures of realism_pictures.h, byte for byte, in numpy."""
import numpy as np

NAMES = ["flat", "ramp", "checker", "noise", "faint", "fractal", "scene"]
SIDE = 512
MASK = (1 << 64) - 1


def hash16(seed, x, y):
    x, y = np.atleast_1d(np.asarray(x, np.uint64)), np.atleast_1d(np.asarray(y, np.uint64))
    start = np.uint64(seed * 0x9E3779B97F4A7C15 & MASK)
    z = start + ((y << np.uint64(32)) | x) * np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(48)).astype(np.int64)


def noise(seed, cell, x, y):
    ix, iy, fx, fy = x // cell, y // cell, x % cell, y % cell
    top = hash16(seed, ix, iy) * (cell - fx) + hash16(seed, ix + 1, iy) * fx
    bottom = hash16(seed, ix, iy + 1) * (cell - fx) + hash16(seed, ix + 1, iy + 1) * fx
    return (top * (cell - fy) + bottom * fy) // (cell * cell)


def octaves(seed, coarse, fine, x, y):
    total, weight, cell = 0, 0, coarse
    while cell >= fine:
        total = total + noise(seed + cell, cell, x, y) * (cell + 16)
        weight += cell + 16
        cell //= 2
    return total // weight


def stretched(value, gain):
    product = (value - 32768) * gain
    towards_zero = np.sign(product) * (np.abs(product) // 256)  # as C++ divides
    return np.clip(128 + towards_zero, 0, 255)


def make(name):
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.int64)
    if name == "flat":
        value = np.full((SIDE, SIDE), 90)
    elif name == "ramp":
        value = (x + 2 * y) // 8
    elif name == "checker":
        value = (x + y) % 2 * 255
    elif name == "noise":
        value = hash16(1, x, y) >> 8
    elif name == "faint":
        value = stretched(octaves(2, 16, 8, x, y), 2)
    elif name == "fractal":
        value = stretched(octaves(3, 256, 2, x, y), 2)
    elif name == "scene":
        value = stretched(octaves(4, 256, 4, x, y), 2)
        for d in range(24):
            dx, dy = x - hash16(5, d, 0) % SIDE, y - hash16(5, d, 1) % SIDE
            radius = 8 + hash16(5, d, 2) % 56
            value = np.where(dx * dx + dy * dy < radius * radius, hash16(5, d, 3) % 200 + noise(6, 8, x, y) // 2048, value)
        value = np.where(((3 * x + y) % 128 < 6) & (y > 300), 230, value)
        value = np.clip(value + hash16(7, x, y) % 9 - 4, 0, 255)
    else:
        raise ValueError(name)
    return np.ascontiguousarray(value.astype(np.uint8))
