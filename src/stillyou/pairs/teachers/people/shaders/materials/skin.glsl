// Skin, painted in template coordinates: tone, blood, freckles, folds, lips, scalp and stubble.
// aux: lips, eyelids, scalp, ears (-1: inside the mouth).
// params: 0 colour, melanin | 1 lips, eye shadow | 2 redness, freckles, moles, wrinkles | 3 hair colour, scalp tint
//         4 stubble colour, stubble | 5 wetness of the cheeks, oil, pattern, age of the skin
float bell(float x, float width) { x /= width; return exp(-x * x); }

// Height of pores and small lumps, for the normal.
float grain(vec3 q) { return noise(q * 27.) * .0055 + noise(q * 11. + 5.) * .008 + noise(q * 58.) * .0022; }

// Folds that come with age: forehead, between the brows, crow's feet, nose to mouth, under the eyes.
float folds(vec3 q, float x, float pattern) {
    float wander = .03 * noise(q * 4. + pattern);
    float forehead = pow(.5 + .5 * sin((q.y + wander + .04 * x * x) * 48.), 6.) * smoothstep(7.58, 7.68, q.y) * smoothstep(7.98, 7.84, q.y) * smoothstep(.62, .3, x);
    float frown = bell(x - .055 - wander * .4, .014) * smoothstep(7.36, 7.44, q.y) * smoothstep(7.62, 7.5, q.y);
    float a = atan(q.y - 7.26, x - .44);
    float crow = pow(.5 + .5 * sin(a * 13. + pattern), 5.) * bell(x - .565, .06) * bell(q.y - 7.26, .13);
    float cheek = bell(x - .185 - (6.93 - q.y) * .52 - wander, .022) * smoothstep(6.5, 6.62, q.y) * smoothstep(6.98, 6.9, q.y);
    float bag = bell(length(vec2((x - .31) / 1.25, q.y - 7.27)) - .155, .022) * smoothstep(7.24, 7.16, q.y);
    return .8 * forehead + frown * .6 + .8 * crow + 1.1 * cheek + .8 * bag;
}

void surface(inout Surface s) {
    vec3 q = s.rest;
    float x = abs(q.x), front = smoothstep(.55, .85, q.z), pattern = params[5].z;
    float wrinkles = params[2].w, oil = params[5].y;
    float low = .94 * noise(q * 2.9 + pattern), mid = fbm(q * 9. + pattern), fine = noise(q * 34.);
    vec3 colour = params[0].rgb * (.90 + .10 * low + .12 * mid + .05 * fine + .10 * (noise(q * 66.) - .5));
    // Blood: cheeks, nose, chin, ears, knuckles of the brow; yellower forehead, bluer jaw.
    float blood = bell(x - .44, .21) * bell(q.y - 6.95, .22) * front + .75 * bell(x, .15) * bell(q.y - 6.97, .16) * step(1.2, q.z)
                + .45 * bell(x, .2) * bell(q.y - 6.3, .13) * step(.9, q.z) + .7 * max(s.aux.w, 0.) + .25 * bell(q.y - 5.75, .3) * front;
    colour *= mix(vec3(1), vec3(1.05, .76, .73), clamp(blood * (.55 + .75 * mid) * params[2].x, 0., 1.));
    colour *= mix(vec3(1), vec3(1.02, .93, .90), smoothstep(.40, .72, noise(q * 17. + pattern)) * params[2].x * .7);
    colour *= mix(vec3(1), vec3(1.02, 1.0, .92), bell(q.y - 7.75, .25) * front * .7);
    // Around the eyes thin skin shows vessels; lids are darker, with make-up more so.
    float socket = bell(x - .30, .19) * bell(q.y - 7.25, .13) * front;
    colour *= mix(vec3(1), vec3(.80, .70, .71), socket * (.38 + .35 * params[5].w));
    colour *= mix(vec3(1), vec3(.86, .77, .75), s.aux.y * .6);
    colour *= mix(vec3(1), vec3(.50, .36, .36), s.aux.y * params[1].w);
    colour *= mix(vec3(1), vec3(1.06, .66, .63), clamp(socket * 1.2 + .5 * blood, 0., 1.) * params[5].x * .8);
    if (params[2].y > 0.) {
        float freckle = smoothstep(.62, .78, noise(q * 42.)) * smoothstep(.42, .62, noise(q * 10. + 9.)) * bell(q.y - 7.0, .34) * front;
        colour *= mix(vec3(1), vec3(.72, .55, .44), freckle * params[2].y);
    }
    if (params[5].w > 0.) {
        float spots = smoothstep(.74, .82, noise(q * 19. + pattern)) * params[5].w;
        colour *= mix(vec3(1), vec3(.80, .68, .58), spots * .38);
    }
    if (params[2].z > 0.) {
        float mole = smoothstep(.962, .978, noise(q * 12. + pattern * 3.));
        colour *= mix(vec3(1), vec3(.36, .26, .21), mole * params[2].z);
    }
    colour *= 1. - .72 * bell(x - .083, .038) * bell(q.y - 6.868, .026) * step(1.3, q.z) * step(q.z, 1.62);  // nostrils
    float fold = wrinkles > .02 ? folds(q, x, pattern) : 0.;
    colour *= 1. - .17 * fold * wrinkles * front;
    // Shaved beard: a bluish shadow and dots.
    float jaw = smoothstep(6.68, 6.5, q.y - .7 * smoothstep(.42, .72, x)) * smoothstep(5.85, 6.15, q.y) * smoothstep(.35, .6, q.z + .2 * x);
    jaw = max(jaw, smoothstep(.33, .24, x) * smoothstep(6.69, 6.73, q.y) * smoothstep(6.87, 6.8, q.y) * step(1.15, q.z)) * (1. - smoothstep(.15, .4, s.aux.x));
    if (params[4].w * jaw > 0.) {
        float dots = smoothstep(.3, .85, noise(q * 105.));
        colour = mix(colour, colour * vec3(.66, .70, .74), jaw * params[4].w * .62);
        colour = mix(colour, params[4].rgb * .8, jaw * dots * params[4].w * .5);
    }
    // Scalp: hair colour shows between the strands.
    colour = mix(colour, params[3].rgb * .55, smoothstep(.15, .75, s.aux.z) * params[3].w);
    // Lips.
    float lip = 0.;
    if (s.aux.x > .2) {
        lip = smoothstep(.30, .75, s.aux.x + .12 * (noise(q * 28.) - .5));
        vec3 red = params[1].rgb * (.80 + .36 * noise(vec3(q.x * 55., q.y * 7., q.z)));
        colour = mix(colour, red, lip * mix(.72, .92, step(.001, params[1].w)));
    }
    colour *= 1. - .45 * bell(q.y - 6.607 - .03 * x, .012) * step(x, .26) * step(1.3, q.z) * smoothstep(.2, .5, s.aux.x);
    float mouth = step(s.aux.w, -.5);
    colour = mix(colour, vec3(.25, .065, .055), mouth);
    s.occlusion = mix(1., .35, mouth);
    // Relief.
    float detail = 1. - smoothstep(.006, .03, s.footprint), h = grain(q);
    vec3 slope = vec3(grain(q + vec3(.004, 0, 0)), grain(q + vec3(0, .004, 0)), grain(q + vec3(0, 0, .004))) - h;
    slope *= detail * (.55 + .5 * params[5].w) * (1. - .6 * lip) / .004;
    if (wrinkles > .02) {
        slope.xy -= vec2(folds(q + vec3(.008, 0, 0), abs(q.x + .008), pattern) - fold, folds(q + vec3(0, .008, 0), x, pattern) - fold) * front * wrinkles * .011 / .008;
    }
    s.normal = perturb(s.normal, slope);
    // Tears run from the eyes.
    float tear = 0.;
    if (params[5].x > 0.) {
        float side = sign(q.x), end = 6.52 + .22 * hash(vec3(side, pattern, 4.));     // a drop hangs at the end of each track
        float track = x - .33 - .025 * sin(q.y * 7. + pattern + side * 2.), fall = (q.y - end) / .075;
        float wide = .022 + .012 * noise(vec3(side, q.y * 9., pattern)) + .030 * exp(-fall * fall);
        tear = smoothstep(1., .55, abs(track) / wide) * smoothstep(7.20, 7.15, q.y) * smoothstep(end - .085, end - .045, q.y) * step(.7, q.z) * params[5].x;
        float pool = smoothstep(.035, .015, abs(q.y - 7.185 + .25 * (x - .31) * (x - .31))) * smoothstep(.15, .10, abs(x - .32)) * step(.9, q.z) * params[5].x;
        tear = max(tear, pool);
        float round_ = clamp(abs(track) / wide, 0., 1.);
        s.normal = normalize(s.normal + vec3(side * sign(track) * tear * .9 * round_ * (1. - pool), -tear * .35 * exp(-fall * fall) * sign(fall), 0));
        colour *= mix(vec3(1), mix(vec3(.90, .84, .84), vec3(1.12, 1.14, 1.18), round_ * .8), tear);
        s.glow += tear * (.03 + .05 * (1. - round_)) * (sky + key_colour * .25);
    }
    s.albedo = colour;
    s.scatter = 1.;
    float shiny = bell(x, .22) * step(1.1, q.z) + .4 * bell(x - .42, .15) * bell(q.y - 7.02, .12) + .3 * bell(q.y - 7.75, .2) * bell(x, .35);
    s.roughness = mix(mix(.47, .36, clamp(shiny * oil, 0., 1.)) + .10 * (mid - .45), .32, lip);
    s.roughness = mix(mix(s.roughness, .25, mouth), .16, tear);
    s.reflectance = .028;
    s.shine = (.55 + .45 * oil) * (.7 + .6 * mid) + 1.1 * tear;
}
