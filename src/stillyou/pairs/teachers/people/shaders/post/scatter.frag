#version 430
// One direction of the blur that stands for light scattering in skin; red reaches furthest.
in vec2 uv;
out vec4 light;
uniform sampler2D irradiance;
uniform vec2 direction;
uniform float focal;

void main() {
    light = texture(irradiance, uv);
    float z = light.a;
    if (z > 900.) return;
    vec3 total = light.rgb, weights = vec3(1);
    for (int i = 1; i <= 4; i++) {
        float r = float(i) / 4.;
        vec3 fall = exp(-r * r / vec3(.5, .10, .05));
        for (int side = -1; side <= 1; side += 2) {
            vec4 other = texture(irradiance, uv + direction * r * .05 * focal / z * float(side));
            vec3 w = fall * exp(-pow((other.a - z) / .08, 2.));
            total += other.rgb * w;
            weights += w;
        }
    }
    light.rgb = total / weights;
}
