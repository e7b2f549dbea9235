// Noise, and numbers that every material may use.
uniform vec4 params[8];     // the part's own
uniform float seed;         // of the person: shifts the noise of skin and cloth
uniform vec3 eye;           // where the viewer is
uniform vec3 forward;       // the viewing direction
uniform vec3 up;            // the head's own up

float hash(vec3 p) {
    p = fract(p * vec3(.1031, .1030, .0973));
    p += dot(p, p.yxz + 33.33);
    return fract((p.x + p.y) * p.z);
}

// Value noise in [0, 1].
float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3. - 2. * f);
    return mix(mix(mix(hash(i), hash(i + vec3(1, 0, 0)), f.x), mix(hash(i + vec3(0, 1, 0)), hash(i + vec3(1, 1, 0)), f.x), f.y),
               mix(mix(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), f.x), mix(hash(i + vec3(0, 1, 1)), hash(i + vec3(1, 1, 1)), f.x), f.y), f.z);
}

// Four octaves of noise in [0, 0.94].
float fbm(vec3 p) {
    return .5 * noise(p) + .25 * noise(p * 2.03 + 7.1) + .125 * noise(p * 4.1 + 3.3) + .0625 * noise(p * 8.2);
}

// Tilt a normal against the gradient of a height.
vec3 perturb(vec3 normal, vec3 gradient) {
    return normalize(normal - gradient + normal * dot(normal, gradient));
}
